//! The catalog as its callers see it: what it reads, under which ids, and what it says of files that are wrong.

mod behaviours;
mod client_flags;
mod corpus;
mod faults;
mod identity;
mod ids;
mod incremental;
mod layers;
mod listing;
mod manifests;
mod samples;
mod user_home;
mod user_registries;
mod user_scope;
