//! Edits of settings files: tables of texts, and the promise that taking back loses nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;

use adjutant_claude_settings::{
    ClientSettings, FileSettings, Level, Record, Restored, SettingKey, SettingsError, offload, restore,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn plugin(id: &str) -> SettingKey {
    SettingKey::Plugin(id.to_owned())
}

fn agent(id: &str) -> SettingKey {
    SettingKey::Agent(id.to_owned())
}

fn skill(id: &str) -> SettingKey {
    SettingKey::Skill(id.to_owned())
}

fn allow() -> SettingKey {
    SettingKey::Allow("mcp__plugin_adjutant_adjutant".to_owned())
}

/// Writes the keys, and checks that taking them back gives the text of before.
fn written(before: Option<&str>, keys: &[SettingKey]) -> String {
    let mut record = Record::default();
    let after = offload(before, keys, &mut record, 1).unwrap();
    let back = restore(Some(&after), &record).unwrap();
    assert_eq!(back.text.as_deref(), before, "taken back from {after}");
    assert!(back.changed.is_empty());
    after
}

#[test]
fn a_new_file_is_laid_out_as_the_client_does() {
    let keys = [plugin("a@m"), plugin("b@m"), agent("My Agent (x), y"), skill("sub:deep"), allow()];
    let expected = r#"{
  "enabledPlugins": {
    "a@m": false,
    "b@m": false
  },
  "permissions": {
    "deny": [
      "Agent(My Agent (x), y)"
    ],
    "allow": [
      "mcp__plugin_adjutant_adjutant"
    ]
  },
  "skillOverrides": {
    "sub:deep": "user-invocable-only"
  }
}
"#;
    assert_eq!(written(None, &keys), expected);
}

#[test]
fn what_is_there_stays_as_it_is_written() {
    let table = [
        // One line, and with numbers that a reader would write otherwise.
        (
            r#"{"a":1.50,"n":123456789012345678901234}"#,
            r#"{"a":1.50,"n":123456789012345678901234,"enabledPlugins":{"p@m":false}}"#,
        ),
        (r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 2, "enabledPlugins": {"p@m": false}}"#),
        ("{}", "{\n  \"enabledPlugins\": {\n    \"p@m\": false\n  }\n}"),
        (" { } \n", " {\n  \"enabledPlugins\": {\n    \"p@m\": false\n  }\n} \n"),
        // The file's own indentation, by tabs, four blanks, and lines that end as on Windows.
        ("{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"enabledPlugins\": {\n\t\t\"p@m\": false\n\t}\n}\n"),
        (
            "{\n    \"a\": 1\n}",
            "{\n    \"a\": 1,\n    \"enabledPlugins\": {\n        \"p@m\": false\n    }\n}",
        ),
        (
            "{\r\n  \"a\": 1\r\n}",
            "{\r\n  \"a\": 1,\r\n  \"enabledPlugins\": {\r\n    \"p@m\": false\r\n  }\r\n}",
        ),
        // A value that is replaced, one beside others, and one in an empty object.
        (
            r#"{"enabledPlugins": {"p@m" : true , "q@m": true}}"#,
            r#"{"enabledPlugins": {"p@m" : false , "q@m": true}}"#,
        ),
        (r#"{"enabledPlugins":{"q@m":["1.0"]}}"#, r#"{"enabledPlugins":{"q@m":["1.0"],"p@m":false}}"#),
        ("{\n  \"enabledPlugins\": { }\n}", "{\n  \"enabledPlugins\": {\n    \"p@m\": false\n  }\n}"),
        (
            "{\n  \"enabledPlugins\": {\"q@m\": true}\n}",
            "{\n  \"enabledPlugins\": {\"q@m\": true, \"p@m\": false}\n}",
        ),
        // Keys written with escapes, and brackets in texts.
        (
            "{\"enabled\\u0050lugins\": {\"x}{[\": true}, \"z\": \"]}\"}",
            "{\"enabled\\u0050lugins\": {\"x}{[\": true, \"p@m\": false}, \"z\": \"]}\"}",
        ),
    ];
    for (before, expected) in table {
        assert_eq!(written(Some(before), &[plugin("p@m")]), expected, "from {before:?}");
    }
}

#[test]
fn lists_grow_at_their_end() {
    let table = [
        (r#"{"permissions": {"deny": []}}"#, r#"{"permissions": {"deny": ["Agent(x)"]}}"#),
        (r#"{"permissions":{"deny":["Bash"]}}"#, r#"{"permissions":{"deny":["Bash","Agent(x)"]}}"#),
        (
            "{\n  \"permissions\": {\n    \"deny\": [\"Bash\"]\n  }\n}",
            "{\n  \"permissions\": {\n    \"deny\": [\"Bash\", \"Agent(x)\"]\n  }\n}",
        ),
        (
            "{\n  \"permissions\": {\n    \"deny\": [\n      \"Bash\"\n    ]\n  }\n}",
            "{\n  \"permissions\": {\n    \"deny\": [\n      \"Bash\",\n      \"Agent(x)\"\n    ]\n  }\n}",
        ),
        (
            "{\n  \"permissions\": {}\n}",
            "{\n  \"permissions\": {\n    \"deny\": [\n      \"Agent(x)\"\n    ]\n  }\n}",
        ),
    ];
    for (before, expected) in table {
        assert_eq!(written(Some(before), &[agent("x")]), expected, "from {before:?}");
    }
}

#[test]
fn what_the_user_set_himself_is_his() {
    let mine = r#"{"enabledPlugins": {"p@m": false}, "permissions": {"deny": ["Agent(x)"]}, "skillOverrides": {"s": "user-invocable-only"}}"#;
    let mut record = Record::default();
    let after = offload(Some(mine), &[plugin("p@m"), agent("x"), skill("s")], &mut record, 1).unwrap();
    assert_eq!(after, mine);
    assert!(record.is_empty());
    assert_eq!(restore(Some(mine), &record).unwrap().text.as_deref(), Some(mine));
}

#[test]
fn a_file_that_is_not_understood_is_refused() {
    type Row = (&'static str, fn(&SettingsError) -> bool);
    let refused: [Row; 9] = [
        ("", |error| matches!(error, SettingsError::NotJson(_))),
        ("{\"a\": 1", |error| matches!(error, SettingsError::NotJson(_))),
        ("// mine\n{}", |error| matches!(error, SettingsError::NotJson(_))),
        ("{\"a\": 1,}", |error| matches!(error, SettingsError::NotJson(_))),
        ("[1]", |error| matches!(error, SettingsError::NotJson(_))),
        ("\u{feff}{}", |error| matches!(error, SettingsError::NotJson(_))),
        (r#"{"permissions": 1}"#, |error| *error == SettingsError::Shape("permissions".into(), "an object")),
        (r#"{"permissions": {"deny": {}}}"#, |error| {
            *error == SettingsError::Shape("permissions.deny".into(), "a list")
        }),
        (r#"{"permissions": {}, "permissions": {}}"#, |error| {
            *error == SettingsError::Duplicate("permissions".into())
        }),
    ];
    for (text, is_expected) in refused {
        let mut record = Record::default();
        let error = offload(Some(text), &[plugin("p@m"), agent("x")], &mut record, 1).unwrap_err();
        assert!(is_expected(&error), "{text:?}: {error}");
        assert_eq!(record, Record::default(), "{text:?}");
    }
}

#[test]
fn taking_back_is_three_way() {
    let keys = [plugin("a@m"), plugin("b@m"), plugin("c@m"), agent("x"), agent("y"), skill("s")];
    let before = r#"{"enabledPlugins": {"a@m": true, "b@m": true}}"#;
    let mut record = Record::default();
    let after = offload(Some(before), &keys, &mut record, 1).unwrap();
    // Enabled again, removed, said otherwise, and a rule taken out; and something of the user's own.
    let mut edited: Value = serde_json::from_str(&after).unwrap();
    edited["enabledPlugins"]["a@m"] = json!(true);
    edited["enabledPlugins"].as_object_mut().unwrap().shift_remove("b@m");
    edited["enabledPlugins"]["own@m"] = json!(false);
    edited["skillOverrides"]["s"] = json!("name-only");
    edited["permissions"]["deny"] = json!(["Agent(y)", "Agent(own)"]);
    let Restored { text, undone, changed } = restore(Some(&format!("{edited:#}")), &record).unwrap();
    let text: Value = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(
        text,
        json!({
            "enabledPlugins": { "a@m": true, "own@m": false },
            "permissions": { "deny": ["Agent(own)"] },
            "skillOverrides": { "s": "name-only" },
        })
    );
    assert_eq!(undone, [plugin("c@m"), agent("y")]);
    let changed: Vec<_> = changed.into_iter().map(|one| (one.key, one.now)).collect();
    assert_eq!(changed, [(plugin("b@m"), None), (skill("s"), Some("\"name-only\"".to_owned()))]);
}

#[test]
fn a_second_offload_adds_to_the_record() {
    let before = r#"{"enabledPlugins": {"a@m": true}}"#;
    let mut record = Record::default();
    let once = offload(Some(before), &[plugin("a@m")], &mut record, 1).unwrap();
    let twice = offload(Some(&once), &[plugin("a@m"), plugin("b@m")], &mut record, 2).unwrap();
    let times: Vec<i64> = record.keys.iter().map(|written| written.written_ms).collect();
    assert_eq!(times, [1, 2]);
    assert_eq!(restore(Some(&twice), &record).unwrap().text.as_deref(), Some(before));
    let stored = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&stored).unwrap(), record);
}

#[test]
fn levels_decide_what_is_listed() {
    let mut settings = ClientSettings::default();
    settings.add(Level::Local, said(r#"{"enabledPlugins": {"a@m": false}}"#));
    let user = r#"{"enabledPlugins": {"a@m": true, "b@m": true}, "skillOverrides": {"s": "off", "t": "name-only"},
        "permissions": {"deny": ["Task(x)", "Agent(y)", "Agent(z*)", 7]}}"#;
    settings.add(Level::User, said(user));
    assert_eq!(settings.plugin("a@m"), Some((Level::Local, false)));
    assert_eq!(settings.plugin("b@m"), Some((Level::User, true)));
    assert_eq!(settings.plugin("c@m"), None);
    assert!(settings.denies_agent("x") && settings.denies_agent("y") && !settings.denies_agent("zz"));
    assert!(settings.hides_skill("s") && !settings.hides_skill("t") && !settings.hides_skill("u"));
    settings.add(Level::Managed, said(r#"{"permissions": {"deny": ["Agent", "Skill"]}}"#));
    assert!(settings.denies_agent("zz") && settings.hides_skill("t"));
}

#[test]
fn what_others_deny_or_switch_off_is_told_apart_from_an_offload() {
    let mut settings = ClientSettings::default();
    let ours = r#"{"enabledPlugins": {"p@m": false}, "permissions": {"deny": ["Agent(x)", "Skill(secret)", "Skill(ops:*)"]}}"#;
    settings.add(Level::Local, said(ours));
    settings.add(Level::User, said(r#"{"enabledPlugins": {"p@m": true}}"#));
    assert!(settings.denies_agent("x") && !settings.denies_agent_beside("x", &[Level::Local]));
    assert!(settings.denies_agent_beside("x", &[Level::User]));
    assert_eq!(settings.plugin_with("p@m", &[(Level::Local, None)]), Some(true));
    assert_eq!(settings.plugin_with("p@m", &[(Level::Local, None), (Level::User, None)]), None);
    for (id, is_denied) in [("secret", true), ("ops:deploy", true), ("operate", false), ("secrets", false)] {
        assert_eq!(settings.denies_skill(id), is_denied, "{id}");
    }

    let user = r#"{"permissions": {"deny": ["Agent(x)"]}, "enabledPlugins": {"p@m": false}}"#;
    settings.add(Level::User, said(user));
    assert!(settings.denies_agent_beside("x", &[Level::Local]));
    assert_eq!(settings.plugin_with("p@m", &[(Level::Local, None)]), Some(false));
}

/// What a file says that is in order as a whole.
fn said(text: &str) -> FileSettings {
    FileSettings::parse(text.as_bytes()).unwrap()
}

#[test]
fn odd_values_are_read_as_the_client_does() {
    // What the file says of a@m, whether it denies agent x, how it lists s; `None` where the client takes nothing of it.
    type Said<'a> = Option<(Option<bool>, bool, Option<&'a str>)>;
    let table: [(&str, Said<'_>); 31] = [
        ("{}", Some((None, false, None))),
        ("\u{feff}{\"enabledPlugins\": {\"a@m\": true}}", Some((Some(true), false, None))),
        (r#"{"enabledPlugins": {"a@m": false}}"#, Some((Some(false), false, None))),
        (r#"{"enabledPlugins": {"a@m": ["1.0"]}}"#, Some((Some(false), false, None))),
        (r#"{"enabledPlugins": {"a@m": []}}"#, Some((Some(false), false, None))),
        (r#"{"permissions": {}, "skillOverrides": {}}"#, Some((None, false, None))),
        (r#"{"permissions": {"deny": ["Agent(x)", 7, null]}}"#, Some((None, true, None))),
        (
            r#"{"permissions": {"deny": ["Agent(x)"]}, "skillOverrides": {"s": "off"}}"#,
            Some((None, true, Some("off"))),
        ),
        // The last of several counts.
        (r#"{"enabledPlugins": {"a@m": true, "a@m": false}}"#, Some((Some(false), false, None))),
        (r#"{"enabledPlugins": {"a@m": true}, "enabledPlugins": {}}"#, Some((None, false, None))),
        // Members that are none of ours may hold anything.
        (r#"{"model": null, "hooks": [], "enabledPlugins": {"a@m": true}}"#, Some((Some(true), false, None))),
        // One value that is not expected, and nothing counts.
        (r#"{"enabledPlugins": null, "permissions": {"deny": ["Agent(x)"]}}"#, None),
        (r#"{"enabledPlugins": {"a@m": null}}"#, None),
        (r#"{"enabledPlugins": {"a@m": "true"}}"#, None),
        (r#"{"enabledPlugins": {"a@m": true, "b@m": {}}}"#, None),
        (r#"{"enabledPlugins": ["a@m"]}"#, None),
        (r#"{"enabledPlugins": "a@m"}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "permissions": []}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "permissions": null}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "permissions": {"deny": "Agent(x)"}}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "permissions": {"deny": null}}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "skillOverrides": []}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "skillOverrides": {"s": false}}"#, None),
        (r#"{"enabledPlugins": {"a@m": true}, "skillOverrides": {"s": "later"}}"#, None),
        ("", None),
        ("{", None),
        ("[]", None),
        ("null", None),
        ("{\"enabledPlugins\": {\"a@m\": tr", None),
        ("{ // mine\n}", None),
        ("{}{}", None),
    ];
    for (text, expected) in table {
        let said = FileSettings::parse(text.as_bytes()).ok().map(|file| {
            let mut settings = ClientSettings::default();
            settings.add(Level::User, file);
            let plugin = settings.plugin("a@m").map(|(_, is_enabled)| is_enabled);
            let how = settings.skill_override("s").map(|(_, how)| how.to_owned());
            (plugin, settings.denies_agent("x"), how)
        });
        let expected = expected.map(|(plugin, denies, how)| (plugin, denies, how.map(str::to_owned)));
        assert_eq!(said, expected, "{text}");
    }
    assert!(FileSettings::parse(b"{\"a\": \"\xff\"}").is_err());
}

#[test]
fn a_damaged_record_restores_nothing() {
    let before = r#"{"enabledPlugins": {"a@m": true}}"#;
    let mut record = Record::default();
    let after = offload(Some(before), &[plugin("a@m")], &mut record, 1).unwrap();
    for damaged in ["true}, \"hooks\": {", "", "tru"] {
        record.keys[0].old = Some(damaged.to_owned());
        assert!(restore(Some(&after), &record).is_err(), "{damaged}");
    }
}

/// Any JSON that a file may hold.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z{}\\[\\]\"\\\\,: é]{0,6}".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\]{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

const IDS: [&str; 4] = ["a@m", "b@m", "web:x (y)", "q\"\\"];

fn any_key() -> impl Strategy<Value = SettingKey> {
    let id = prop::sample::select(&IDS[..]);
    (0..4_usize, id).prop_map(|(kind, id)| match kind {
        0 => plugin(id),
        1 => agent(id),
        2 => skill(id),
        _ => SettingKey::Allow(id.to_owned()),
    })
}

/// Settings of a user: members of ours in their shape, and others.
fn any_settings() -> impl Strategy<Value = Value> {
    let id = || prop::sample::select(&IDS[..]).prop_map(str::to_owned);
    let switches = || prop::option::of(prop::collection::btree_map(id(), any::<bool>(), 0..3));
    let rules = || {
        let rule = prop_oneof![id().prop_map(|id| format!("Agent({id})")), Just("Bash".to_owned())];
        prop::option::of(prop::collection::vec(rule, 0..3))
    };
    let others = prop::collection::btree_map("[a-d]{1,3}", any_value(), 0..3);
    (switches(), switches(), any::<bool>(), rules(), rules(), others).prop_map(
        |(plugins, skills, has_permissions, deny, allow, others)| {
            let mut settings: BTreeMap<String, Value> = others;
            let as_override = |on: bool| if on { "on" } else { "user-invocable-only" };
            if let Some(plugins) = plugins {
                settings.insert("enabledPlugins".into(), json!(plugins));
            }
            if let Some(skills) = skills {
                let skills: BTreeMap<_, _> =
                    skills.into_iter().map(|(id, on)| (id, as_override(on))).collect();
                settings.insert("skillOverrides".into(), json!(skills));
            }
            if has_permissions {
                let mut permissions = json!({});
                for (name, rules) in [("deny", deny), ("allow", allow)] {
                    if let Some(rules) = rules {
                        permissions[name] = json!(rules);
                    }
                }
                settings.insert("permissions".into(), permissions);
            }
            Value::Object(settings.into_iter().collect())
        },
    )
}

/// One JSON in one of the ways in which files write it.
fn laid_out(value: &Value, layout: usize) -> String {
    let lines = format!("{value:#}");
    match layout {
        0 => value.to_string(),
        1 => lines + "\n",
        2 => {
            let by_tabs = |line: &str| {
                let text = line.trim_start_matches(' ');
                "\t".repeat((line.len() - text.len()) / 2) + text
            };
            lines.lines().map(by_tabs).collect::<Vec<_>>().join("\n")
        }
        3 => lines.replace('\n', "\r\n"),
        _ => format!(" {} ", value.to_string().replace("{}", "{ }").replace("[]", "[ ]")),
    }
}

/// What a program that follows the keys would make of the settings.
fn expected(before: &Value, keys: &[SettingKey]) -> Value {
    let mut settings = before.clone();
    for key in keys {
        let add = |settings: &mut Value, list: &str, rule: String| {
            if settings["permissions"][list].is_null() {
                settings["permissions"][list] = json!([]);
            }
            let rules = settings["permissions"][list].as_array_mut().unwrap();
            if !rules.contains(&json!(rule)) {
                rules.push(json!(rule));
            }
        };
        match key {
            SettingKey::Plugin(id) => settings["enabledPlugins"][id] = json!(false),
            SettingKey::Skill(id) => settings["skillOverrides"][id] = json!("user-invocable-only"),
            SettingKey::Agent(id) => add(&mut settings, "deny", format!("Agent({id})")),
            SettingKey::Allow(rule) => add(&mut settings, "allow", rule.clone()),
        }
    }
    settings
}

/// What a user may do to a file between an offload and its undo.
#[derive(Debug, Clone)]
enum UserEdit {
    Set(usize, bool),
    Unset(usize),
    AddRule(String),
    RemoveRules,
    Own(Value),
}

fn any_edit() -> impl Strategy<Value = UserEdit> {
    prop_oneof![
        (0..IDS.len(), any::<bool>()).prop_map(|(id, on)| UserEdit::Set(id, on)),
        (0..IDS.len()).prop_map(UserEdit::Unset),
        "[a-z]{1,4}".prop_map(UserEdit::AddRule),
        Just(UserEdit::RemoveRules),
        any_value().prop_map(UserEdit::Own),
    ]
}

fn apply(edit: &UserEdit, settings: &mut Value) {
    match edit {
        UserEdit::Set(id, on) => settings["enabledPlugins"][IDS[*id]] = json!(on),
        UserEdit::Unset(id) => {
            if let Some(plugins) = settings["enabledPlugins"].as_object_mut() {
                plugins.shift_remove(IDS[*id]);
            }
        }
        UserEdit::AddRule(rule) => {
            if settings["permissions"]["deny"].is_null() {
                settings["permissions"]["deny"] = json!([]);
            }
            settings["permissions"]["deny"].as_array_mut().unwrap().push(json!(rule));
        }
        UserEdit::RemoveRules => {
            if let Some(permissions) = settings["permissions"].as_object_mut() {
                permissions.shift_remove("deny");
            }
        }
        UserEdit::Own(value) => settings["zzz"] = value.clone(),
    }
}

proptest! {
    #[test]
    fn an_offload_says_what_it_should_and_comes_back_byte_for_byte(
        settings in any_settings(),
        layout in 0..5_usize,
        keys in prop::collection::vec(any_key(), 0..8),
        more in prop::collection::vec(any_key(), 0..4),
    ) {
        let before = laid_out(&settings, layout);
        let settings: Value = serde_json::from_str(&before).unwrap();
        let mut record = Record::default();
        let after = offload(Some(&before), &keys, &mut record, 1).unwrap();
        let read: Value = serde_json::from_str(&after).unwrap();
        prop_assert_eq!(&read, &expected(&settings, &keys), "{}", after);
        let twice = offload(Some(&after), &more, &mut record, 2).unwrap();
        let back = restore(Some(&twice), &record).unwrap();
        prop_assert_eq!(back.text.as_deref(), Some(before.as_str()), "from {}", twice);
    }

    #[test]
    fn an_undo_loses_no_edit_of_the_user(
        settings in any_settings(),
        layout in 0..5_usize,
        keys in prop::collection::vec(any_key(), 1..8),
        edits in prop::collection::vec(any_edit(), 1..5),
        edited_layout in 0..5_usize,
    ) {
        let before = laid_out(&settings, layout);
        let settings: Value = serde_json::from_str(&before).unwrap();
        let mut record = Record::default();
        let after = offload(Some(&before), &keys, &mut record, 1).unwrap();
        let offloaded: Value = serde_json::from_str(&after).unwrap();
        let mut edited = offloaded.clone();
        for edit in &edits {
            apply(edit, &mut edited);
        }
        let edited_text = laid_out(&edited, edited_layout);
        let edited: Value = serde_json::from_str(&edited_text).unwrap();
        let back = restore(Some(&edited_text), &record).unwrap();
        let back: Value = serde_json::from_str(&back.text.unwrap()).unwrap();
        // Each key has the user's value where he changed it since, else that of before.
        for id in IDS {
            let value = |settings: &Value| settings["enabledPlugins"].get(id).cloned();
            let was_written = record.written(&plugin(id)).is_some();
            let stayed = value(&edited) == value(&offloaded);
            let expected = if was_written && stayed { value(&settings) } else { value(&edited) };
            // A value that the user set to ours by hand is ours to take back.
            prop_assert_eq!(value(&back), expected, "{}", id);
        }
        prop_assert_eq!(back.get("zzz"), edited.get("zzz"));
        let rules = |settings: &Value, list: &str| -> Vec<Value> {
            settings["permissions"][list].as_array().cloned().unwrap_or_default()
        };
        for rule in rules(&edited, "deny") {
            let text = rule.to_string();
            let is_ours = record.keys.iter().any(|written| written.new == text);
            prop_assert!(is_ours || rules(&back, "deny").contains(&rule), "{} is lost", rule);
        }
        for name in ["a", "b", "c", "d"] {
            prop_assert_eq!(back.get(name), settings.get(name));
        }
    }
}
