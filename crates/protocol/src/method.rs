//! The methods as a client knows them: what each does to the service's state, whether its answers may be cached, and
//! whether it may be sent again. A test of the service holds this table against its operations.

use crate::OperationClass;

/// What a client needs to know of a method before it calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodTraits {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether it changes anything.
    pub class: OperationClass,
    /// Whether its answers may be cached: they follow from the catalog and from what is stored, not from the moment.
    pub is_cacheable: bool,
    /// Whether it may be sent again where it is unknown what became of the first time: it changes nothing, or the service
    /// counts it once.
    pub is_repeatable: bool,
}

/// Every method, in the order of the service's own table.
pub const METHODS: [MethodTraits; 11] = [
    MethodTraits::query("queryAgents"),
    MethodTraits::query("querySkills"),
    MethodTraits::query("queryWorkflows"),
    MethodTraits::query("getOrchestrationPattern"),
    MethodTraits::query("queryPattern"),
    MethodTraits::write("storePattern"),
    MethodTraits::write("importPatterns"),
    // Counted once by its `task_id` and the time at which it was made.
    MethodTraits { is_repeatable: true, ..MethodTraits::write("cacheDecision") },
    MethodTraits::query("getDefinition"),
    MethodTraits { is_cacheable: false, ..MethodTraits::query("getHealth") },
    MethodTraits { is_cacheable: false, ..MethodTraits::query("explain") },
];

impl MethodTraits {
    const fn query(name: &'static str) -> Self {
        MethodTraits { name, class: OperationClass::Read, is_cacheable: true, is_repeatable: true }
    }

    const fn write(name: &'static str) -> Self {
        MethodTraits { name, class: OperationClass::Write, is_cacheable: false, is_repeatable: false }
    }

    /// The method of that name; `None` for one of a newer service.
    pub fn of(name: &str) -> Option<MethodTraits> {
        METHODS.into_iter().find(|method| method.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_of_a_write_is_cached() {
        for method in METHODS {
            assert!(method.class == OperationClass::Read || !method.is_cacheable, "{}", method.name);
            assert!(method.class == OperationClass::Write || method.is_repeatable, "{}", method.name);
            assert_eq!(MethodTraits::of(method.name), Some(method));
        }
        assert_eq!(MethodTraits::of("nonsense"), None);
    }
}
