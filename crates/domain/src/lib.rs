//! The domain: what the service knows about orchestrations, apart from how it is stored or served.
//!
//! Everything here is pure. Identifiers and times (milliseconds since the Unix epoch, UTC) are parameters; nothing
//! reads a clock, a file or the network. Each subject is a module of its own:
//!
//! * [`patterns`]: which sequence of agents serves a goal, and what past outcomes say about it.

pub mod patterns;
