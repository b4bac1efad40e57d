//! `adjutant service`: the unit file that starts the project's instance with the user's session.

mod unit;
mod unit_text;

pub(super) use unit::{Manager, Service, ServiceArguments, run};
