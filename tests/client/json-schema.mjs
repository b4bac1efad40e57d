// Validates JSON against the part of JSON Schema that our schemas use, and fails on any other keyword.

const KEYWORDS = new Set([
  ...['$comment', '$ref', 'additionalProperties', 'const', 'definitions', 'enum', 'items', 'maxLength', 'minItems', 'minLength'],
  ...['pattern', 'properties', 'required', 'type'],
]);

function typeOf(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** What is wrong with `value`, a line each. */
export function violations(root, value, schema = root, at = '$') {
  for (const keyword of Object.keys(schema)) if (!KEYWORDS.has(keyword)) throw new Error(`unknown keyword ${keyword}`);
  if (schema.$ref !== undefined) {
    const target = root.definitions?.[schema.$ref.replace('#/definitions/', '')];
    if (!target) throw new Error(`${schema.$ref} leads nowhere`);
    return violations(root, value, target, at);
  }
  const found = [];
  const check = (holds, what) => holds || found.push(`${at}: ${what}`);
  const type = typeOf(value);
  if (schema.type !== undefined) check(type === schema.type, `is ${type}, not ${schema.type}`);
  if (schema.const !== undefined) check(value === schema.const, `is not ${schema.const}`);
  if (schema.enum !== undefined) check(schema.enum.includes(value), `is none of ${schema.enum}`);
  if (type === 'string') {
    check(value.length >= (schema.minLength ?? 0), 'is too short');
    check(value.length <= (schema.maxLength ?? Infinity), 'is too long');
    check(new RegExp(schema.pattern ?? '').test(value), `does not match ${schema.pattern}`);
  }
  if (type === 'array') {
    check(value.length >= (schema.minItems ?? 0), 'has too few items');
    value.forEach((item, index) => found.push(...violations(root, item, schema.items ?? {}, `${at}[${index}]`)));
  }
  if (type === 'object') {
    const known = schema.properties ?? {};
    for (const name of schema.required ?? []) check(name in value, `lacks ${name}`);
    for (const [name, member] of Object.entries(value)) {
      if (name in known) found.push(...violations(root, member, known[name], `${at}.${name}`));
      else check(schema.additionalProperties !== false, `has the unknown member ${name}`);
    }
  }
  return found;
}
