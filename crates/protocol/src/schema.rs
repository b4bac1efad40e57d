//! JSON schemas of the wire types, as short as a model needs them.
//!
//! A client puts the input schemas of all tools before a model, and every character costs. So a lean schema drops what a
//! reader can do without: titles, formats, defaults, `null` of optional members, lower limits of lengths, limits that no
//! honest caller meets, and every description but those marked with `x-model`; a member marked `x-model = false` is
//! dropped whole. In answers, which the service keeps within
//! its own limits, it drops all limits.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Limits of numbers beyond this are left out: they catch mistaken units and say nothing about use.
const TELLING_LIMIT: f64 = 1_000_000.0;

/// Members that every query takes, in the order they are listed, after what the query is about.
const BOUNDS: [&str; 3] = ["plugin", "limit", "max_tokens"];

/// Keywords that stay, in the order they are written.
const KEYWORDS: [&str; 8] =
    ["type", "properties", "required", "items", "additionalProperties", "maxLength", "minimum", "maximum"];

/// The lean schema of what a method takes.
pub fn lean_input<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = lean_object::<T>(SchemaSettings::draft2020_12().for_deserialize(), true);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for name in BOUNDS {
            if let Some(bound) = properties.shift_remove(name) {
                properties.insert(name.to_owned(), bound);
            }
        }
    }
    schema
}

/// The lean schema of what a method answers.
pub fn lean_output<T: JsonSchema>() -> Map<String, Value> {
    lean_object::<T>(SchemaSettings::draft2020_12().for_serialize(), false)
}

fn lean_object<T: JsonSchema>(settings: SchemaSettings, has_limits: bool) -> Map<String, Value> {
    let mut root = settings.into_generator().into_root_schema_for::<T>().to_value();
    let definitions = root.as_object_mut().and_then(|root| root.remove("$defs")).unwrap_or_default();
    match (Lean { definitions, has_limits }).of(root) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Makes schemas lean.
struct Lean {
    /// What references refer to.
    definitions: Value,
    /// Whether limits of values are kept.
    has_limits: bool,
}

impl Lean {
    /// One schema without what a model does not need; references are replaced by what they refer to.
    fn of(&self, schema: Value) -> Value {
        let Value::Object(mut members) = schema else { return schema };
        let is_nullable = members.remove("x-nullable").is_some();
        if let Some(only) = alternative_to_null(&mut members) {
            let lean = self.of(only);
            return if is_nullable { or_null(lean) } else { lean };
        }
        if let Some(Value::String(reference)) = members.remove("$ref") {
            let name = reference.trim_start_matches("#/$defs/");
            return self.of(self.definitions[name].clone());
        }
        if let Some(names) = constants(&members) {
            return Value::Object(Map::from_iter([("enum".to_owned(), names)]));
        }
        let has_limits = self.has_limits && !is_far(&members);
        let mut lean = Map::new();
        for keyword in KEYWORDS {
            let Some(value) = members.remove(keyword) else { continue };
            let value = match (keyword, value) {
                ("type", Value::Array(types)) => types.into_iter().find(|name| name != "null"),
                ("properties", Value::Object(properties)) => {
                    let shown = properties.into_iter().filter(|(_, property)| property["x-model"] != false);
                    Some(shown.map(|(name, property)| (name, self.of(property))).collect())
                }
                ("required", Value::Array(names)) if names.is_empty() => None,
                ("items" | "additionalProperties", value) => Some(self.of(value)),
                ("maxLength" | "minimum" | "maximum", _) if !has_limits => None,
                ("minimum" | "maximum", value) => Some(whole(value)),
                (_, value) => Some(value),
            };
            lean.extend(value.map(|value| (keyword.to_owned(), value)));
        }
        lean.extend(members.remove("x-model").map(|description| ("description".to_owned(), description)));
        Value::Object(lean)
    }
}

/// What stands beside `null` in an `anyOf`.
fn alternative_to_null(members: &mut Map<String, Value>) -> Option<Value> {
    let Some(Value::Array(alternatives)) = members.remove("anyOf") else { return None };
    alternatives.into_iter().find(|one| one["type"] != "null")
}

/// The names that an enumeration consists of, whether or not each is documented.
fn constants(members: &Map<String, Value>) -> Option<Value> {
    if let Some(names) = members.get("enum") {
        return Some(names.as_array()?.iter().filter(|name| !name.is_null()).cloned().collect());
    }
    members.get("oneOf")?.as_array()?.iter().map(|one| one.get("const").cloned()).collect()
}

/// Whether the limits of a number say nothing about its use.
fn is_far(members: &Map<String, Value>) -> bool {
    let limits = ["minimum", "maximum"].into_iter().filter_map(|name| members.get(name)?.as_f64());
    limits.into_iter().any(|limit| limit.abs() > TELLING_LIMIT)
}

/// A schema that also takes `null`.
fn or_null(mut schema: Value) -> Value {
    schema["type"] = Value::from(vec![schema["type"].take(), "null".into()]);
    schema
}

/// `1.0` as `1`.
fn whole(number: Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "limits beyond a million are left out")]
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 => Value::from(float as i64),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{lean_input, lean_output};
    use crate::{DecisionParams, DecisionStored, DefinitionQuery, GoalQuery};

    #[test]
    fn inputs_keep_what_tells_a_model_something() {
        assert_eq!(
            serde_json::to_string(&lean_input::<GoalQuery>()).unwrap(),
            json!({
                "type": "object",
                "properties": {
                    "goal": { "type": "string", "maxLength": 500 },
                    "min_similarity": { "type": "number", "minimum": 0, "maximum": 1 },
                    "plugin": { "type": "string", "maxLength": 200 },
                    "limit": { "type": "integer", "minimum": 1, "maximum": 20 },
                    "max_tokens": { "type": "integer", "minimum": 1, "maximum": 100_000 },
                },
                "required": ["goal"],
                "additionalProperties": false,
            })
            .to_string()
        );
        let definition = lean_input::<DefinitionQuery>();
        assert_eq!(definition["properties"]["kind"], json!({ "enum": ["agent", "skill", "workflow"] }));
        assert_eq!(definition["properties"]["id"]["description"], "plugin:name");
        let decision = lean_input::<DecisionParams>();
        assert_eq!(decision["properties"]["duration_ms"], json!({ "type": "integer" }));
    }

    #[test]
    fn outputs_say_where_null_may_stand() {
        let stored = lean_output::<DecisionStored>();
        assert_eq!(stored["properties"]["pattern"]["type"], json!(["object", "null"]));
        assert_eq!(
            stored["properties"]["pattern"]["properties"]["success_count"],
            json!({ "type": "integer" })
        );
        assert_eq!(stored["required"], json!(["stored"]));
    }
}
