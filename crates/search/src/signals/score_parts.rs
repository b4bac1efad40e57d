//! The additive parts of one entry's score.

/// The parts of one score, each scaled so that all but the prior sum to at most 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScoreParts {
    pub(crate) lexical: f32,
    pub(crate) latent: f32,
    pub(crate) semantic: f32,
    pub(crate) intent: f32,
    pub(crate) capability: f32,
    pub(crate) name: f32,
    pub(crate) role: f32,
    pub(crate) model: f32,
    pub(crate) prior: f32,
}

impl ScoreParts {
    /// The score: the sum of all parts, which may exceed 1 where a prior takes part.
    pub(crate) fn sum(&self) -> f32 {
        let ScoreParts { lexical, latent, semantic, intent, capability, name, role, model, prior } = self;
        lexical + latent + semantic + intent + capability + name + role + model + prior
    }
}

/// The parts that the words of a request contribute, before they are blended with a model's.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextParts {
    pub(super) lexical: f32,
    pub(super) latent: f32,
    pub(super) intent: f32,
}

impl TextParts {
    pub(super) fn sum(&self) -> f32 {
        self.lexical + self.latent + self.intent
    }
}
