//! Compression against the postings it was given: every list decodes, counts, finds and scores the same.

use proptest::prelude::*;

use super::{Posting, PostingLists, PostingTemplates, PostingsPacker};

/// Lists of which most postings follow a template.
fn postings() -> impl Strategy<Value = Vec<Posting>> {
    let posting = (0u32..180, prop::sample::select(vec![2u8, 2, 2, 8, 32, 35]), 1u8..6);
    prop::collection::vec(posting, 0..500).prop_map(|steps| {
        let mut document = 0;
        let next = |(step, fields, impact): (u32, u8, u8)| {
            document += step + 1;
            Posting { document: document - 1, fields, impact }
        };
        steps.into_iter().map(next).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn packed_lists_decode_to_their_postings(
        mut all in prop::collection::vec(postings(), 0..40),
        rewritten in prop::collection::vec((0usize..40, postings()), 0..3),
        wanted in 0u32..100_000,
    ) {
        let templates = PostingTemplates { fields: [2, 8, 2], impacts: vec![[1, 2, 3, 0]; 100_000] };
        let mut packer = PostingsPacker::new(templates.clone());
        for postings in &all {
            packer.add(postings);
        }
        let lists = PostingLists::new(packer);
        prop_assert_eq!(&lists.merged(all.len()), &lists);
        let mut touched: Vec<u32> = Vec::new();
        for (term, postings) in rewritten {
            if let Some(list) = all.get_mut(term) {
                touched.push(u32::try_from(term).unwrap());
                *list = postings;
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let changed = lists.updated(templates, &touched, |term, own| own.extend(&all[term as usize]));
        for lists in [&changed, &changed.merged(all.len()), &changed.clone().compacted(all.len())] {
            for (term, postings) in (0u32..).zip(&all) {
                prop_assert_eq!(lists.frequency(term), postings.len());
                prop_assert_eq!(&lists.postings(term).collect::<Vec<_>>(), postings);
                let (mut scores, mut plain) = (vec![1.0; 50_000], vec![1.0; 50_000]);
                lists.add_scores(term, |n| if n == postings.len() { 0.5 } else { f32::NAN }, &mut scores);
                for posting in postings.iter().filter(|posting| posting.document < 50_000) {
                    plain[posting.document as usize] += 0.5 * f32::from(posting.impact);
                }
                prop_assert_eq!(scores, plain);
                for document in postings.iter().map(|posting| posting.document).chain([wanted]) {
                    let plain = postings.iter().copied().find(|posting| posting.document == document);
                    prop_assert_eq!(lists.find(term, document), plain.map(|posting| (posting, postings.len())));
                }
            }
            prop_assert_eq!(lists.frequency(99), 0);
        }
    }
}
