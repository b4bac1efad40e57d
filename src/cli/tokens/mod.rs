//! `adjutant tokens`: what carrying all descriptions costs against asking, for the user's own catalog.

mod measure;
mod report;

pub(super) use report::{TokensArguments, run};
