//! Where a request is authorised: who makes a call, which role that gives, and whether the role includes what an operation
//! takes.
//!
//! [`Project::execute`](super::Project::execute) asks `authorize` before anything else, for every transport. Whether a
//! caller is who it says (the token, the loopback names) is decided before, in `server/http/authentication.rs` and
//! `server/http/request_guard.rs`.

use super::AppError;
use crate::telemetry::token_usage::ClientName;
use protocol::AccessRole;

/// Who makes a call, and how it is known in the log.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The client's name, for the token usage.
    pub client: ClientName,
    /// What it may do.
    pub role: AccessRole,
    /// The caller's id of the call, or one made by the transport; in every log line of the call.
    pub correlation_id: String,
    /// How the call came.
    pub transport: Transport,
}

/// How a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `POST /`.
    JsonRpc,
    /// An HTTP endpoint of its own, such as `POST /reindex`.
    Http,
    /// `/mcp` or standard input and output.
    Mcp,
    /// A client in the same process.
    InProcess,
    /// A command.
    CommandLine,
    /// The service itself, on behalf of a client that called earlier: no request, so metrics do not count it.
    Internal,
}

impl Principal {
    /// A caller on this machine: until callers have keys of their own, it may do everything.
    pub fn local(client: ClientName, correlation_id: String, transport: Transport) -> Self {
        Principal { client, role: AccessRole::Admin, correlation_id, transport }
    }

    /// The service itself, at work on what the log calls `work`. It may do what the clients it works for may.
    pub(super) fn internal(work: &str) -> Self {
        Principal {
            client: ClientName::new("internal"),
            role: AccessRole::Operator,
            correlation_id: work.to_owned(),
            transport: Transport::Internal,
        }
    }

    /// Whether a client waits for the answer.
    pub(super) fn is_client(&self) -> bool {
        self.transport != Transport::Internal
    }
}

/// Lets `principal` call what takes the role `required`.
///
/// # Errors
/// [`AppError::Forbidden`] where its own role does not include it.
pub(super) fn authorize(principal: &Principal, required: AccessRole) -> Result<(), AppError> {
    if principal.role.includes(required) { Ok(()) } else { Err(AppError::Forbidden { required }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::operations::Method;
    use protocol::ErrorCode;

    #[test]
    fn a_role_may_call_what_its_permission_covers_and_nothing_else() {
        for role in [AccessRole::Viewer, AccessRole::Operator, AccessRole::Admin] {
            let local = Principal::local(ClientName::default(), "c-1".to_owned(), Transport::JsonRpc);
            let principal = Principal { role, ..local };
            for method in Method::ALL {
                let may = role != AccessRole::Viewer || method.permission() == AccessRole::Viewer;
                let authorized = authorize(&principal, method.permission());
                assert_eq!(authorized.is_ok(), may, "{role:?} {method:?}");
                let Err(refused) = authorized else { continue };
                assert_eq!(refused.code(), ErrorCode::Forbidden);
                let data = refused.to_object("c-1").data.unwrap();
                assert_eq!(data.required_role.as_deref(), Some(method.permission().as_str()));
            }
        }
    }

    #[test]
    fn the_service_itself_may_do_what_its_clients_asked_for_and_is_none_of_them() {
        let internal = Principal::internal("outbox");
        assert!(authorize(&internal, AccessRole::Operator).is_ok() && !internal.is_client());
        assert!(authorize(&internal, AccessRole::Admin).is_err());
    }
}
