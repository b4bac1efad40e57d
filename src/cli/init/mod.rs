//! `adjutant init`: adding the server to the clients of this machine, and taking it out again.

mod command;
mod confirmation;
mod lines;
mod undo;

pub(super) use command::{InitArguments, run};
pub(super) use lines::offer;
