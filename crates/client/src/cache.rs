//! The client's cache of answers, with a time to live.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use protocol::MethodTraits;

/// Answers in the cache at most: more than a long orchestration asks for, and some 2 MB.
const MAX_ANSWERS: usize = 256;

/// Answers by method and parameters.
#[derive(Debug)]
pub(super) struct ClientCache {
    ttl: Duration,
    answers: HashMap<String, (Instant, Value)>,
}

/// The key of a call; `None` where its answer must not be cached.
pub(super) fn key_of(method: &str, params: &Value) -> Option<String> {
    let is_cacheable = MethodTraits::of(method).is_some_and(|method| method.is_cacheable);
    is_cacheable.then(|| format!("{method} {params}"))
}

impl ClientCache {
    pub(super) fn new(ttl: Duration) -> Self {
        ClientCache { ttl, answers: HashMap::new() }
    }

    pub(super) fn get(&self, key: &str) -> Option<Value> {
        let (since, answer) = self.answers.get(key)?;
        (since.elapsed() < self.ttl).then(|| answer.clone())
    }

    pub(super) fn put(&mut self, key: String, answer: Value) {
        if self.ttl.is_zero() {
            return;
        }
        if self.answers.len() >= MAX_ANSWERS {
            let ttl = self.ttl;
            self.answers.retain(|_, (since, _)| since.elapsed() < ttl);
        }
        if self.answers.len() >= MAX_ANSWERS
            && let Some(oldest) = self.answers.iter().min_by_key(|(_, (since, _))| *since)
        {
            let oldest = oldest.0.clone();
            self.answers.remove(&oldest);
        }
        self.answers.insert(key, (Instant::now(), answer));
    }

    /// Drops everything: something was stored, and answers may depend on it.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cache_is_bounded() {
        let mut local = ClientCache::new(Duration::from_hours(1));
        for n in 0..MAX_ANSWERS + 10 {
            local.put(n.to_string(), json!(n));
        }
        assert_eq!(local.answers.len(), MAX_ANSWERS);
        assert_eq!((local.get("0"), local.get("200")), (None, Some(json!(200))));
        local.clear();
        assert_eq!(local.get("200"), None);
    }

    #[test]
    fn nothing_is_cached_beyond_its_time_to_live_and_no_write_at_all() {
        let mut local = ClientCache::new(Duration::ZERO);
        local.put("a".into(), json!(1));
        assert_eq!(local.get("a"), None);
        for method in ["cacheDecision", "getHealth", "a method of a newer service"] {
            assert_eq!(key_of(method, &json!({})), None, "{method}");
        }
        assert!(key_of("queryAgents", &json!({})).is_some());
    }
}
