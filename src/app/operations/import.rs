//! `importPatterns`: importing patterns that were exported elsewhere.

use super::kind_query::whole;
use crate::app::authorization::Principal;
use crate::app::operation::{Operation, Output};
use crate::app::{AppError, Project};
use protocol::{AccessRole, ImportParams, Imported, OperationClass};
use store::ImportReport;

/// `importPatterns`
#[derive(Debug)]
pub struct ImportPatterns;

impl Output for Imported {}

/// The wire form of the store's report.
pub fn imported(report: ImportReport) -> Imported {
    let ImportReport { created, known, refused, refused_count } = report;
    Imported { created, known, refused: refused_count, reasons: refused }
}

impl Operation for ImportPatterns {
    const NAME: &'static str = "importPatterns";
    const CLASS: OperationClass = OperationClass::Write;
    const PERMISSION: AccessRole = AccessRole::Operator;
    const TITLE: &'static str = "Import patterns";
    const SENTENCE: &'static str =
        "Take over patterns that were exported elsewhere; those that are known keep their own counts.";
    type Params = ImportParams;
    type Answer = Imported;
    type Output = Imported;

    async fn run(project: &Project, _: &Principal, params: ImportParams) -> Result<Imported, AppError> {
        let first = whole(params.first_line).unwrap_or(1);
        Ok(imported(project.store.import_patterns(&params.lines, first).await?))
    }
}
