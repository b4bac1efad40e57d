//! The kinds of entries and their names on the wire, each from the other.

use catalog::Kind;
use protocol::KindName;

/// The kind of that name.
pub fn kind_of(name: KindName) -> Kind {
    match name {
        KindName::Agent => Kind::Agent,
        KindName::Skill => Kind::Skill,
        KindName::Workflow => Kind::Workflow,
    }
}

/// The name of that kind.
pub fn name_of(kind: Kind) -> KindName {
    match kind {
        Kind::Agent => KindName::Agent,
        Kind::Skill => KindName::Skill,
        Kind::Workflow => KindName::Workflow,
    }
}
