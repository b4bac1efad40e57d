//! One posting, and the templates that most postings follow.

use crate::numeric::as_u32;

/// How many templates there are.
pub(crate) const TEMPLATES: usize = 3;
/// The template number of a posting that follows none.
pub(super) const NO_TEMPLATE: u32 = 3;
/// Bits of a template number.
pub(super) const TEMPLATE_BITS: u32 = 2;

/// One term in one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    /// Position of the entry among those of its kind.
    pub(crate) document: u32,
    /// A bit for each field that contains the term, in the order of `Field::ALL`.
    pub(crate) fields: u8,
    /// The saturated contribution, in steps of 1/255.
    pub(crate) impact: u8,
}

/// The impact of each template in one entry; 0 for [`NO_TEMPLATE`].
pub(crate) type TemplateImpacts = [u8; TEMPLATES + 1];

/// The templates of one kind: the usual combinations of fields, with their impact in each entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PostingTemplates {
    /// The fields of each template, a bit each.
    pub(crate) fields: [u8; TEMPLATES],
    /// The impacts in each entry of the kind.
    pub(crate) impacts: Vec<TemplateImpacts>,
}

impl PostingTemplates {
    /// What is stored of a posting apart from its document: the number of its template, or fields and impact where it
    /// follows none.
    pub(crate) fn encoding(&self, posting: Posting) -> (u32, Option<(u8, u8)>) {
        let template = self.of(posting);
        (template, (template == NO_TEMPLATE).then_some((posting.fields, posting.impact)))
    }

    /// The template that a posting follows, or [`NO_TEMPLATE`].
    pub(super) fn of(&self, posting: Posting) -> u32 {
        let impacts = self.impacts.get(posting.document as usize);
        let same = |template: &usize| {
            self.fields[*template] == posting.fields
                && impacts.is_some_and(|impacts| impacts[*template] == posting.impact)
        };
        (0..TEMPLATES).find(same).map_or(NO_TEMPLATE, as_u32)
    }
}
