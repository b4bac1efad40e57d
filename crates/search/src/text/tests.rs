//! Analysis of many ways of writing.

use super::*;

#[test]
fn terms_of_many_writings() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("help me, I need to please", &[]),
        ("🎉 🎉🎉", &[]),
        ("Deploying deployments", &["deploy", "deploy"]),
        ("go ai ui", &["go", "ai", "ui"]),
        ("C++ and C#, F# or .NET", &["c++", "c#", "f#", "dotnet"]),
        ("cpp csharp", &["c++", "c#"]),
        ("CI/CD", &["ci", "cd", "cicd"]),
        ("client/server", &["client", "server"]),
        ("node.js.", &["node", "js", "nodej"]),
        ("full-stack", &["full", "stack", "fullstack"]),
        ("getUserName", &["user", "name", "getusernam"]),
        ("JavaScript GitHub", &["javascript", "github"]),
        ("PostgreSQL", &["postgr", "sql", "postgresql"]),
        ("oauth2 s3 k8s", &["oauth2", "oauth", "s3", "k8s"]),
        ("debugger debugging", &["debug", "debug"]),
        ("optimisation optimization", &["optim", "optim"]),
        ("user's don't", &["user"]),
        ("Café cafe\u{301} CAFÉ", &["cafe", "cafe", "cafe"]),
        ("İstanbul ıstanbul", &["istanbul", "istanbul"]),
        ("ﬁle Ｆｉｌｅ", &["file", "file"]),
        ("代码审查", &["代码", "码审", "审查"]),
        ("コードレビュー", &["コー", "ード", "ドレ", "レビ", "ビュ", "ュー"]),
        ("用Rust写", &["用", "rust", "写"]),
        ("שלום עולם", &["שלום", "עולם"]),
    ];
    for (text, wanted) in cases {
        assert_eq!(terms(text), *wanted, "{text}");
    }
}

#[test]
fn long_words_are_cut() {
    let word = "x".repeat(100);
    assert_eq!(terms(&word), ["x".repeat(MAX_WORD_CHARS)]);
    assert_eq!(terms(&"é".repeat(100)), ["e".repeat(MAX_WORD_CHARS)]);
}

#[test]
fn tables_are_in_order() {
    for word in ["a", "help", "need", "yourself", "please"] {
        assert!(is_stop_word(word), "{word}");
    }
    for word in ["go", "ai", "ui", "react", "set"] {
        assert!(!is_stop_word(word), "{word}");
    }
    for word in ["broke", "ran", "wrote", "analyses"] {
        assert_ne!(term(word), Some(word.to_owned()), "{word}");
    }
}
