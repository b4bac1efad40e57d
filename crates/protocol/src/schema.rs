//! JSON schemas of the wire types, as short as a model needs them.
//!
//! A client puts the input schemas of all tools before a model, and every character costs. So a lean schema drops what a
//! reader can do without: titles, formats, defaults, `null` of optional members, lower limits of lengths, limits that no
//! honest caller meets, every description but those marked with `x-model`, and members marked with `x-model = false`,
//! which are for programs.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Limits of numbers beyond this are left out: they catch mistaken units and say nothing about use.
const TELLING_LIMIT: f64 = 1_000_000.0;

/// Members that every query takes, in the order they are listed, after what the query is about.
const BOUNDS: [&str; 3] = ["plugin", "limit", "max_tokens"];

/// The lean schema of what a method takes.
pub fn lean_input<T: JsonSchema>() -> Map<String, Value> {
    lean_object(SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>())
}

/// The lean schema of what a method answers.
pub fn lean_output<T: JsonSchema>() -> Map<String, Value> {
    lean_object(SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>())
}

fn lean_object(schema: schemars::Schema) -> Map<String, Value> {
    let mut root = schema.to_value();
    let definitions = root.as_object_mut().and_then(|root| root.remove("$defs"));
    let lean = lean(root, &definitions.unwrap_or_default());
    let Value::Object(mut lean) = lean else { return Map::new() };
    if let Some(Value::Object(properties)) = lean.get_mut("properties") {
        for name in BOUNDS {
            if let Some(bound) = properties.shift_remove(name) {
                properties.insert(name.to_owned(), bound);
            }
        }
    }
    lean
}

/// One schema without what a model does not need; references are replaced by what they refer to.
fn lean(schema: Value, definitions: &Value) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    let is_nullable = members.remove("x-nullable").is_some();
    if let Some(only) = only_alternative(&mut members) {
        let lean = lean(only, definitions);
        return if is_nullable { or_null(lean) } else { lean };
    }
    if let Some(Value::String(reference)) = members.remove("$ref") {
        let name = reference.trim_start_matches("#/$defs/");
        return lean(definitions[name].clone(), definitions);
    }
    if let Some(names) = constants(&members) {
        return Value::Object(Map::from_iter([("enum".to_owned(), names)]));
    }
    let description = members.remove("x-model");
    let far = ["minimum", "maximum"].iter().any(|name| {
        members.get(*name).and_then(Value::as_f64).is_some_and(|limit| limit.abs() > TELLING_LIMIT)
    });
    let mut lean_members = Map::new();
    // `type` comes first, then what it takes.
    for name in
        ["type", "properties", "required", "items", "additionalProperties", "maxLength", "minimum", "maximum"]
    {
        let Some(value) = members.remove(name) else { continue };
        let value = match (name, value) {
            ("type", Value::Array(types)) => match types.into_iter().find(|name| name != "null") {
                Some(name) => name,
                None => continue,
            },
            ("properties", Value::Object(properties)) => Value::Object(
                (properties.into_iter())
                    .filter(|(_, property)| property["x-model"] != false)
                    .map(|(name, property)| (name, lean(property, definitions)))
                    .collect(),
            ),
            ("required", Value::Array(names)) if names.is_empty() => continue,
            ("items" | "additionalProperties", value) => lean(value, definitions),
            ("minimum" | "maximum", _) if far => continue,
            ("minimum" | "maximum", value) => whole(value),
            ("maxLength", value) => value,
            (_, value) => value,
        };
        lean_members.insert(name.to_owned(), value);
    }
    if let Some(description) = description {
        lean_members.insert("description".to_owned(), description);
    }
    Value::Object(lean_members)
}

/// What stands beside `null` in an `anyOf`.
fn only_alternative(members: &mut Map<String, Value>) -> Option<Value> {
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

/// A schema that also takes `null`.
fn or_null(mut schema: Value) -> Value {
    schema["type"] = Value::from(vec![schema["type"].take(), "null".into()]);
    schema
}

/// `1.0` as `1`.
fn whole(number: Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers below a million come here")]
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 => Value::from(float as i64),
        _ => number,
    }
}
