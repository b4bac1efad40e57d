//! `importPatterns`: taking over what others learned.

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::find::whole;
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError};
use store::ImportReport;

/// `importPatterns`
#[derive(Debug)]
pub struct ImportPatterns;

/// What `importPatterns` takes.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ImportParams {
    /// JSON lines as `adjutant patterns export` writes them; a larger file comes in several calls.
    #[validate(length(min = 1, max = 900_000))]
    pub lines: String,
    /// The number of the first line, for the sentences on refused ones; 1 where nothing is said.
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub first_line: Option<i64>,
}

/// What became of the lines.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Patterns that are new.
    pub created: usize,
    /// Patterns that were known, and keep their own counts.
    pub known: usize,
    /// Lines that hold no pattern.
    pub refused: usize,
    /// A sentence for each of the first refused lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Imported {
    /// Adds what became of further lines.
    pub fn add(&mut self, more: Imported) {
        self.created += more.created;
        self.known += more.known;
        self.refused += more.refused;
        self.reasons.extend(more.reasons);
    }
}

impl Output for Imported {}

impl From<ImportReport> for Imported {
    fn from(report: ImportReport) -> Self {
        let ImportReport { created, known, refused, refused_count } = report;
        Imported { created, known, refused: refused_count, reasons: refused }
    }
}

impl Operation for ImportPatterns {
    const NAME: &'static str = "importPatterns";
    type Params = ImportParams;
    type Output = Imported;

    async fn run(app: &App, _: &CallContext, params: ImportParams) -> Result<Imported, AppError> {
        let first = whole(params.first_line).unwrap_or(1);
        Ok(app.store.import_patterns(&params.lines, first).await?.into())
    }
}
