//! How close a model finds each entry to one request.

/// The scores of one request, or why there are none.
#[derive(Debug, Default)]
pub(in crate::app) struct SemanticScores {
    similarity: Option<Vec<f32>>,
    /// Why there are no scores although there is a model.
    absent: Option<&'static str>,
}

impl SemanticScores {
    /// A cosine for each entry of the kind that is searched, in the index's order.
    pub(super) fn of(similarity: Vec<f32>) -> SemanticScores {
        SemanticScores { similarity: Some(similarity), absent: None }
    }

    /// No scores, and why.
    pub(super) fn absent(why: Option<&'static str>) -> SemanticScores {
        SemanticScores { similarity: None, absent: why }
    }

    /// As search takes it.
    pub(in crate::app) fn similarity(&self) -> Option<&[f32]> {
        self.similarity.as_deref()
    }

    /// Whether the answer is as good as it will be for now, so that it may be cached.
    pub(in crate::app) fn is_whole(&self) -> bool {
        self.absent.is_none()
    }

    /// Appends to a reasoning why the model took no part.
    pub(in crate::app) fn note(&self, reasoning: &mut String) {
        if let Some(why) = self.absent {
            reasoning.push_str("; without the embedding model: ");
            reasoning.push_str(why);
        }
    }
}

/// A request in one text; `None` where it names a role alone, which needs no scores.
pub(super) fn request_text(capability: Option<&str>, context: Option<&str>) -> Option<String> {
    let words: Vec<&str> = [capability, context].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(". "))
}
