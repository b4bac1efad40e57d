//! Who was spared how many tokens: sums by client and method.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Names of clients that are told apart; whoever comes later is counted under [`ClientName::OTHER`]. A name is the
/// client's own word, and anything may be called anything.
const MAX_CLIENTS: usize = 32;

/// Characters of a name.
const MAX_NAME_CHARS: usize = 40;

/// What a client calls itself, in letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientName(Cow<'static, str>);

impl ClientName {
    /// Clients beyond the first [`MAX_CLIENTS`].
    const OTHER: &str = "other";
    /// A client that does not say what it is.
    const UNKNOWN: &str = "unknown";

    /// The name in a client's own words: the product of a user agent (`curl/8.5` is `curl`), or a name as it is. What
    /// has no place in a name becomes `-`.
    pub fn new(stated: &str) -> Self {
        let product = stated.trim().split('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
        let name: String = product.chars().take(MAX_NAME_CHARS).map(plain).collect();
        let name = name.trim_matches('-');
        if name.is_empty() { ClientName::default() } else { ClientName(name.to_owned().into()) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClientName {
    fn default() -> Self {
        ClientName(ClientName::UNKNOWN.into())
    }
}

/// Estimated tokens of one client's calls of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Calls that were answered.
    pub calls: u64,
    /// What the answers cost.
    pub returned: u64,
    /// What carrying the listing of the kind that was asked for would have cost, once a call.
    pub baseline: u64,
}

impl TokenCounts {
    fn add(&mut self, other: TokenCounts) {
        self.calls += other.calls;
        self.returned += other.returned;
        self.baseline += other.baseline;
    }
}

/// The sums of one process since its start.
#[derive(Debug, Default)]
pub struct TokenUsage(Mutex<BTreeMap<Box<str>, BTreeMap<&'static str, TokenCounts>>>);

impl TokenUsage {
    /// Adds one answered call.
    pub fn record(&self, client: &ClientName, method: &'static str, returned: usize, baseline: usize) {
        let call = TokenCounts { calls: 1, returned: returned as u64, baseline: baseline as u64 };
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A known name is looked for first, so that one is copied only once.
        let known = clients.contains_key(client.as_str());
        let name = if known || clients.len() < MAX_CLIENTS { client.as_str() } else { ClientName::OTHER };
        if let Some(methods) = clients.get_mut(name) {
            methods.entry(method).or_default().add(call);
        } else {
            clients.insert(name.into(), BTreeMap::from([(method, call)]));
        }
    }

    /// All sums, by client and method.
    pub fn by_client(&self) -> BTreeMap<String, BTreeMap<&'static str, TokenCounts>> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.iter().map(|(name, methods)| (name.to_string(), methods.clone())).collect()
    }

    /// The sum over all.
    pub fn total(&self) -> TokenCounts {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut total = TokenCounts::default();
        clients.values().flat_map(BTreeMap::values).for_each(|counts| total.add(*counts));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_harmless() {
        let cases = [
            ("curl/8.5.0", "curl"),
            ("claude-code", "claude-code"),
            (" Visual Studio Code/1.9 (x)", "Visual-Studio-Code"),
            ("a\"b{c}\n", "a-b-c"),
            ("", "unknown"),
            ("///", "unknown"),
            ("日本", "unknown"),
        ];
        for (stated, name) in cases {
            assert_eq!(ClientName::new(stated).as_str(), name, "{stated:?}");
        }
        assert_eq!(ClientName::new(&"x".repeat(1000)).as_str().len(), MAX_NAME_CHARS);
    }

    #[test]
    fn sums_add_up_and_clients_are_bounded() {
        let usage = TokenUsage::default();
        for n in 0..MAX_CLIENTS + 5 {
            usage.record(&ClientName::new(&format!("client-{n}")), "queryAgents", 10, 100);
        }
        usage.record(&ClientName::new("client-0"), "queryAgents", 1, 2);
        usage.record(&ClientName::new("client-0"), "querySkills", 1, 2);
        let clients = usage.by_client();
        assert_eq!(clients.len(), MAX_CLIENTS + 1);
        let counts = |calls, returned, baseline| TokenCounts { calls, returned, baseline };
        assert_eq!(clients["client-0"]["queryAgents"], counts(2, 11, 102));
        assert_eq!(clients["other"]["queryAgents"], counts(5, 50, 500));
        assert_eq!(usage.total(), counts(39, 372, 3704));
    }
}
