//! Reading and validating parameters, once for every transport: wrong ones are answered in sentences that name the field,
//! the limit and what came.

use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::AppError;
use super::operation::Operation;

/// The JSON type of a value as a sentence names it.
fn kind_of(raw: &str) -> &'static str {
    match raw.trim_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Reads and validates an operation's parameters from JSON text (`None`: the caller sent none).
///
/// # Errors
/// [`AppError::Invalid`] with a sentence for each thing that is wrong.
pub fn read_params<O: Operation>(raw: Option<&str>) -> Result<O::Params, AppError> {
    let raw = raw.unwrap_or("{}");
    if !raw.trim_start().starts_with('{') {
        let came = kind_of(raw);
        return Err(AppError::invalid(format!("params must be an object with named members, got {came}")));
    }
    // Keeping track of the path costs as much as reading, so that it is done only once something is wrong.
    let params: O::Params = match serde_json::from_str(raw) {
        Ok(params) => params,
        Err(_) => serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(raw))
            .map_err(|error| AppError::invalid(type_sentence(&error.path().to_string(), error.inner())))?,
    };
    params.validate().map_err(|errors| AppError::Invalid(limit_sentences(&errors)))?;
    Ok(params)
}

/// A sentence for what the reader could not take, from its own words.
fn type_sentence(path: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let field = if path == "." || path.is_empty() { "params" } else { path };
    if let Some(rest) = text.strip_prefix("missing field `") {
        return format!("{} is required", rest.trim_end_matches('`'));
    }
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let (name, expected) = rest.split_once('`').unwrap_or((rest, ""));
        let name: String = name.chars().take(64).collect();
        let known = match expected.trim_start_matches(", ") {
            "there are no fields" => "none".to_owned(),
            expected => {
                expected.trim_start_matches("expected ").trim_start_matches("one of ").replace('`', "")
            }
        };
        return format!("{name} is not a known parameter (known: {known})");
    }
    if let Some(rest) = text.strip_prefix("duplicate field `") {
        return format!("{} is given twice", rest.trim_end_matches('`'));
    }
    if text == "number out of range" {
        return format!("{field} must be a whole number in range, got a number beyond every limit");
    }
    if let Some((came, expected)) = text.split_once(", expected ") {
        let came = came.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
        let came: String = came.replace('`', "").chars().take(80).collect();
        return format!("{field} must be {}, got {came}", expected_sentence(expected));
    }
    format!("{field} cannot be read: {text}")
}

/// Rust's name of a type in a client's words.
fn expected_sentence(expected: &str) -> String {
    match expected {
        "i64" | "u64" | "u32" | "usize" => "a whole number".into(),
        "f64" => "a number".into(),
        "a sequence" => "a list".into(),
        "a map" => "an object".into(),
        other => other.replace('`', ""),
    }
}

/// A sentence for each violated limit, ordered by field.
fn limit_sentences(errors: &ValidationErrors) -> Vec<String> {
    let mut sentences = Vec::new();
    for (field, kind) in errors.errors() {
        if let ValidationErrorsKind::Field(violations) = kind {
            sentences.extend(violations.iter().map(|violation| limit_sentence(field, violation)));
        }
    }
    sentences.sort();
    sentences
}

fn limit_sentence(field: &str, violation: &validator::ValidationError) -> String {
    if let Some(message) = &violation.message {
        return message.to_string();
    }
    let given = |name: &str| violation.params.get(name);
    let value = given("value").cloned().unwrap_or_default();
    match (violation.code.as_ref(), given("min"), given("max")) {
        ("range", Some(min), Some(max)) => format!("{field} must be between {min} and {max}, got {value}"),
        ("range", Some(min), None) => format!("{field} must be at least {min}, got {value}"),
        ("length", min, Some(max)) => {
            let unit = if value.is_string() { "characters" } else { "entries" };
            let came = match &value {
                serde_json::Value::String(text) => text.chars().count(),
                serde_json::Value::Array(list) => list.len(),
                serde_json::Value::Object(map) => map.len(),
                _ => 0,
            };
            match min {
                Some(min) => format!("{field} must have {min} to {max} {unit}, got {came}"),
                None => format!("{field} must have at most {max} {unit}, got {came}"),
            }
        }
        (code, ..) => format!("{field} is not valid ({code})"),
    }
}
