//! The SQLite database and its single writer thread.
//! (stub while the real one is being written)
#![allow(missing_docs, unused)]
use crate::patterns::*;
use std::path::PathBuf;
use std::sync::Arc;
#[derive(Debug, Clone)]
pub struct Store { book: Arc<PatternBook> }
#[derive(Debug, thiserror::Error)]
pub enum StoreError { #[error("locked")] Locked, #[error("other")] Other, #[error("unknown pattern")] UnknownPattern(String) }
#[derive(Debug)]
pub struct StoreOptions { pub data_dir: PathBuf }
impl StoreOptions { pub fn new(data_dir: PathBuf) -> Self { Self { data_dir } } }
#[derive(Debug, Clone, Default)]
pub struct QueryRecord { pub method: &'static str, pub capability: Option<String>, pub role: Option<String>, pub context: Option<String>, pub plugin: Option<String>, pub limit: usize, pub returned: Vec<String>, pub cache_hit: bool, pub duration_us: u64 }
#[derive(Debug)]
pub struct NewPattern { pub goal: String, pub plan: Plan }
#[derive(Debug)]
pub struct StoredPattern { pub id: String, pub created: bool }
#[derive(Debug)]
pub struct DecisionReceipt { pub stored: bool, pub pattern: Option<Arc<Pattern>> }
#[derive(Debug, Clone, Default)]
pub struct StoreStatus { pub connected: bool, pub size_bytes: u64, pub degraded: Option<String>, pub dropped_log_rows: u64, pub read_only: bool, pub notes: Vec<String> }
impl Store {
  pub fn open(o: StoreOptions) -> Result<Store, StoreError> { std::fs::create_dir_all(&o.data_dir).ok(); Ok(Store { book: Arc::default() }) }
  pub fn book(&self) -> Arc<PatternBook> { self.book.clone() }
  pub async fn record_decision(&self, d: Decision) -> Result<DecisionReceipt, StoreError> { Err(StoreError::Other) }
  pub async fn add_pattern(&self, d: NewPattern) -> Result<StoredPattern, StoreError> { Err(StoreError::Other) }
  pub fn log_query(&self, q: QueryRecord) {}
  pub fn frequent_queries(&self, n: usize) -> Result<Vec<QueryRecord>, StoreError> { Ok(vec![]) }
  pub fn status(&self) -> StoreStatus { StoreStatus { connected: true, ..Default::default() } }
  pub fn close(&self) {}
  pub fn version(&self) -> u64 { 0 }
}
