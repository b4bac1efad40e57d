//! The one table of operations.
//!
//! JSON-RPC dispatch, MCP tools, the names in metrics, the classes of rate limits, the list of methods and what the command
//! line says of its commands all come from here, so an operation that has a line is served everywhere and one without is a dead type.

use std::future::Future;

use serde_json::{Map, Value};

use super::{decision, definition, explain, find, health, import, patterns, reindex};
use crate::app::operation::{Operation, Tool};
use protocol::{AccessRole, OperationClass, schema};

/// What is done with an operation once its name has said which one it is.
pub trait Visitor {
    /// What comes of it.
    type Outcome;

    /// Does it.
    fn visit<O: Operation>(self) -> impl Future<Output = Self::Outcome> + Send;
}

macro_rules! operations {
    ($($variant:ident => $operation:ty,)*) => {
        /// An operation of the service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Method {
            $(
                #[doc = concat!("[`", stringify!($operation), "`]")]
                $variant,
            )*
        }

        impl Method {
            /// All of them, JSON-RPC methods in the order a client lists them.
            pub const ALL: [Method; [$(stringify!($variant)),*].len()] = [$(Method::$variant),*];

            /// The names of those that are JSON-RPC methods, in the same order.
            pub fn rpc_names() -> Vec<&'static str> {
                Method::ALL.into_iter().filter(|method| method.is_rpc_method()).map(Method::name).collect()
            }

            /// The JSON-RPC method of that name.
            pub fn named(name: &str) -> Option<Method> {
                $(
                    if <$operation>::IS_RPC_METHOD && name == <$operation>::NAME {
                        return Some(Method::$variant);
                    }
                )*
                None
            }

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Method::$variant => <$operation>::NAME,)* }
            }

            /// Whether it is a JSON-RPC method.
            pub const fn is_rpc_method(self) -> bool {
                match self { $(Method::$variant => <$operation>::IS_RPC_METHOD,)* }
            }

            /// Whether it changes anything.
            pub const fn class(self) -> OperationClass {
                match self { $(Method::$variant => <$operation>::CLASS,)* }
            }

            /// The role it takes.
            pub const fn permission(self) -> AccessRole {
                match self { $(Method::$variant => <$operation>::PERMISSION,)* }
            }

            /// Its name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Method::$variant => <$operation>::TITLE,)* }
            }

            /// What it does, in one sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Method::$variant => <$operation>::SENTENCE,)* }
            }

            /// How a model sees it, where it is a tool.
            pub const fn tool(self) -> Option<&'static Tool> {
                match self { $(Method::$variant => <$operation>::TOOL,)* }
            }

            /// The lean JSON schema of its parameters.
            pub fn input_schema(self) -> Map<String, Value> {
                match self {
                    $(Method::$variant => schema::lean_input::<<$operation as Operation>::Params>(),)*
                }
            }

            /// The lean JSON schema of its answer, for documents of the interface. No model is told: clients show one that has an
            /// output schema JSON in place of text.
            pub fn output_schema(self) -> Map<String, Value> {
                match self {
                    $(Method::$variant => schema::lean_output::<<$operation as Operation>::Answer>(),)*
                }
            }

            /// Hands the operation to `visitor`.
            pub async fn visit<V: Visitor + Send>(self, visitor: V) -> V::Outcome {
                match self { $(Method::$variant => visitor.visit::<$operation>().await,)* }
            }
        }
    };
}

operations! {
    QueryAgents => find::QueryAgents,
    QuerySkills => find::QuerySkills,
    QueryWorkflows => find::QueryWorkflows,
    GetOrchestrationPattern => patterns::GetOrchestrationPattern,
    QueryPattern => patterns::QueryPattern,
    StorePattern => patterns::StorePattern,
    ImportPatterns => import::ImportPatterns,
    CacheDecision => decision::CacheDecision,
    GetDefinition => definition::GetDefinition,
    GetHealth => health::GetHealth,
    Explain => explain::Explain,
    Reindex => reindex::Reindex,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Method;
    use protocol::{AccessRole, OperationClass};

    #[test]
    fn every_operation_says_what_it_is() {
        let names: BTreeSet<_> = Method::ALL.into_iter().map(Method::name).collect();
        assert_eq!(names.len(), Method::ALL.len());
        for method in Method::ALL {
            assert_eq!(Method::named(method.name()), method.is_rpc_method().then_some(method));
            assert!(method.is_rpc_method() || method.tool().is_none(), "{method:?}");
            let (title, sentence) = (method.title(), method.sentence());
            assert!(!title.is_empty() && !title.ends_with('.'), "{title}");
            assert!(sentence.ends_with('.') && !sentence.contains(". "), "{sentence}");
            assert_eq!(
                method.permission() == AccessRole::Viewer,
                method.class() == OperationClass::Read,
                "{method:?}: who may only look may not write"
            );
            assert_eq!(method.input_schema()["type"], "object", "{method:?}");
            assert_eq!(method.output_schema()["type"], "object", "{method:?}");
        }
        assert_eq!(Method::named("nonsense"), None);
    }

    #[test]
    fn tools_have_names_and_places_of_their_own() {
        let tools: Vec<_> = Method::ALL.into_iter().filter_map(Method::tool).collect();
        let names: BTreeSet<_> = tools.iter().map(|tool| tool.name).collect();
        let places: BTreeSet<_> = tools.iter().map(|tool| tool.position).collect();
        assert_eq!((names.len(), places.len()), (tools.len(), tools.len()));
        for tool in tools {
            assert_eq!(tool.description.contains("{}"), tool.counted.is_some(), "{}", tool.name);
        }
    }
}
