//! `importPatterns`: taking over what others learned.

use super::find::whole;
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError};
use protocol::{ImportParams, Imported};
use store::ImportReport;

/// `importPatterns`
#[derive(Debug)]
pub struct ImportPatterns;

impl Output for Imported {}

/// The store's report as it goes out.
pub fn imported(report: ImportReport) -> Imported {
    let ImportReport { created, known, refused, refused_count } = report;
    Imported { created, known, refused: refused_count, reasons: refused }
}

impl Operation for ImportPatterns {
    const NAME: &'static str = "importPatterns";
    type Params = ImportParams;
    type Output = Imported;

    async fn run(app: &App, _: &CallContext, params: ImportParams) -> Result<Imported, AppError> {
        let first = whole(params.first_line).unwrap_or(1);
        Ok(imported(app.store.import_patterns(&params.lines, first).await?))
    }
}
