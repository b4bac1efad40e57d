//! What is asked: contexts made of the collection's own words, the same in every run, and calls around them.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::http::Request;
use crate::numbers::Numbers;

/// Where every run's contexts begin.
const SEED: u64 = 0x005e_ed0f_ad17;

/// Contexts that may repeat in a row before there are too few.
const MAX_REPEATS: usize = 1_000;

/// Makes contexts, no two alike: some words in a row from one description, some from another.
#[derive(Debug)]
pub(crate) struct Contexts {
    descriptions: Vec<Vec<String>>,
    numbers: Numbers,
    made: HashSet<String>,
}

impl Contexts {
    /// Contexts of these descriptions' words, of which none is empty.
    pub(crate) fn of(descriptions: Vec<Vec<String>>) -> Contexts {
        Contexts { descriptions, numbers: Numbers::of(SEED), made: HashSet::new() }
    }

    /// The next `count` contexts.
    pub(crate) fn take(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> anyhow::Result<String> {
        for _ in 0..MAX_REPEATS {
            let mut words = self.some_words(4, 7);
            words.extend(self.some_words(2, 4));
            let context = words.join(" ");
            if self.made.insert(context.clone()) {
                return Ok(context);
            }
        }
        anyhow::bail!("the collection has too few words for so many distinct queries")
    }

    /// Between `least` and `most` words in a row from one description, or all of a shorter one.
    fn some_words(&mut self, least: usize, most: usize) -> Vec<String> {
        let at = self.numbers.below(self.descriptions.len());
        let length = (least + self.numbers.below(most - least + 1)).min(self.descriptions[at].len());
        let start = self.numbers.below(self.descriptions[at].len() - length + 1);
        self.descriptions[at][start..start + length].to_vec()
    }
}

/// A JSON-RPC call.
pub(crate) fn call(method: &str, params: &Value) -> Request {
    Request::post(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

/// `queryAgents` for a context.
pub(crate) fn agents(context: &str) -> Request {
    call("queryAgents", &json!({ "context": context }))
}

/// `querySkills` for a context.
pub(crate) fn skills(context: &str) -> Request {
    call("querySkills", &json!({ "context": context }))
}

/// `queryWorkflows` for a goal.
pub(crate) fn workflows(goal: &str) -> Request {
    call("queryWorkflows", &json!({ "goal": goal }))
}

/// `queryPattern` for a goal.
pub(crate) fn pattern(goal: &str) -> Request {
    call("queryPattern", &json!({ "goal": goal }))
}

/// `storePattern`: these agents, one after the other, serve the goal.
pub(crate) fn store_pattern(goal: &str, agents: &[String]) -> Request {
    call("storePattern", &json!({ "goal": goal, "agent_sequence": agents }))
}

/// `cacheDecision`: these agents worked on a task and it went well.
pub(crate) fn decision(task: &str, goal: &str, agents: &[String]) -> Value {
    json!({ "task_id": task, "task_description": goal, "agents_used": agents, "result": "success" })
}

/// `getDefinition` of an agent.
pub(crate) fn definition(id: &str) -> Request {
    call("getDefinition", &json!({ "kind": "agent", "id": id }))
}

#[cfg(test)]
mod tests {
    use super::Contexts;

    fn descriptions() -> Vec<Vec<String>> {
        let texts =
            ["reviews code for security flaws and bad style", "plans migrations of databases in steps"];
        texts.map(|text| text.split(' ').map(str::to_owned).collect()).to_vec()
    }

    #[test]
    fn contexts_are_distinct_and_the_same_in_every_run() {
        let first = Contexts::of(descriptions()).take(200).unwrap();
        assert_eq!(first, Contexts::of(descriptions()).take(200).unwrap());
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 200);
        assert!(first.iter().all(|context| context.len() <= 500));
    }

    #[test]
    fn too_few_words_are_an_error() {
        let descriptions = vec![vec!["alone".to_owned()]];
        assert!(Contexts::of(descriptions).take(2).is_err());
    }
}
