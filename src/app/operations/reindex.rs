//! `POST /reindex`: reads the files again, now.

use crate::app::authorization::Principal;
use crate::app::operation::{Operation, Output};
use crate::app::{AppError, Project};
use protocol::{AccessRole, NoParams, OperationClass, ReindexReport};

/// `POST /reindex`
#[derive(Debug)]
pub struct Reindex;

impl Output for ReindexReport {}

impl Operation for Reindex {
    const NAME: &'static str = "reindex";
    const CLASS: OperationClass = OperationClass::Write;
    const PERMISSION: AccessRole = AccessRole::Operator;
    const TITLE: &'static str = "Re-index";
    const SENTENCE: &'static str = "Re-index the files now.";
    const IS_RPC_METHOD: bool = false;
    type Params = NoParams;
    type Answer = ReindexReport;
    type Output = ReindexReport;

    async fn run(project: &Project, _: &Principal, _: NoParams) -> Result<ReindexReport, AppError> {
        project.reindex().await
    }
}
