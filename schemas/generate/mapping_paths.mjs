// Field names and FHIR paths for editors: schemas/config/mapping-paths.schema.json, which
// mapping.schema.json refers to. Reads the committed facts, so run it after generate.mjs:
//   node mapping_paths.mjs
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const mappings = join(root, '..', 'mappings');

/// Types with their elements: name -> { base, elements: [{ path, repeats, types }] }.
function readR4() {
  const types = new Map();
  let current = null;
  for (const line of readFileSync(join(root, 'fhir', 'r4.txt'), 'utf8').split('\n')) {
    const [kind, ...rest] = line.split(' ');
    if (kind === 'C' || kind === 'R') {
      current = { base: rest[1], elements: [], primitive: false };
      types.set(rest[0], current);
    } else if (kind === 'P') {
      types.set(rest[0], { base: rest[1], elements: [], primitive: true });
      current = null;
    } else if (kind === 'e' && current) {
      const what = rest.slice(2).filter((word) => !word.startsWith('!')).join(' ');
      const names = what.split(',').map((one) => one.replace(/\(.*\)/, '')).filter(Boolean);
      current.elements.push({ path: rest[0], repeats: rest[1].endsWith('*'), types: names });
    } else if (kind !== 'e') {
      if (/^[A-Z]$/.test(kind) && kind !== 'e') current = null;
    }
  }
  return types;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const quiet = new Set(['id', 'extension', 'modifierExtension', 'contained', 'implicitRules']);

/// Targets below a type: its elements, and one level into complex types.
function targets(types, name, prefix = '', deep = true, out = {}) {
  for (const element of types.get(name)?.elements ?? []) {
    const path = element.path;
    if (quiet.has(path.split('.').pop())) continue;
    const choice = path.endsWith('[x]');
    const say = (type) => `${type}${element.repeats ? ', repeats' : ''}`;
    if (choice) {
      out[prefix + path] = { description: `one of ${element.types.join(', ')}; needs \`type:\`` };
      for (const type of element.types) {
        out[prefix + path.slice(0, -3) + capital(type)] = { description: say(type) };
      }
      continue;
    }
    const type = element.types[0] ?? 'BackboneElement';
    out[prefix + path] = { description: say(element.types.join(', ') || type) };
    const inner = types.get(type);
    if (deep && inner && !inner.primitive && inner.elements.length > 0 && type !== 'Resource') {
      targets(types, type, `${prefix}${path}.`, false, out);
    }
  }
  return out;
}

function yamlBelow(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return yamlBelow(path);
    return name.endsWith('.yaml') && name !== 'DECLINED.yaml' ? [path] : [];
  });
}

/// Every type that base maps to: other targets still pass, only without completion.
function typesInUse(types) {
  const used = new Set();
  for (const file of yamlBelow(join(mappings, 'base'))) {
    for (const found of readFileSync(file, 'utf8').matchAll(/^to: *'?([A-Z]\w+)'?\s*(#.*)?$/gm)) {
      if (types.has(found[1])) used.add(found[1]);
    }
  }
  return [...used].sort();
}

/// "PID-5" with its name and type, of the newest version (the union of all).
function fields() {
  const files = readdirSync(join(root, 'hl7v2')).filter((name) => /^\d.*\.txt$/.test(name));
  const order = (name) => name.replace('.txt', '').split('.').map((n) => n.padStart(3, '0')).join('.');
  const newest = files.sort((a, b) => order(a).localeCompare(order(b))).pop();
  const out = [];
  let segment = '';
  for (const line of readFileSync(join(root, 'hl7v2', newest), 'utf8').split('\n')) {
    const words = line.split(' ');
    if (words[0] === 'S') segment = words[1];
    if (words[0] === 'f') out.push(`${segment}-${words[1]}`);
  }
  return out;
}

const r4 = readR4();
const lines = ['{', '"$schema": "http://json-schema.org/draft-07/schema#",',
  '"title": "Field names and FHIR paths for editors; written by schemas/generate/mapping_paths.mjs",',
  '"definitions": {',
  `"field": {"enum": ${JSON.stringify(fields())}},`,
  '"targets": {"allOf": ['];
const used = typesInUse(r4);
used.forEach((type, i) => {
  const then = { properties: { rules: { properties: targets(r4, type) } } };
  const test = { properties: { to: { const: type } }, required: ['to'] };
  lines.push(`{"if": ${JSON.stringify(test)}, "then": ${JSON.stringify(then)}}` +
             (i + 1 < used.length ? ',' : ''));
});
lines.push(']}', '}', '}', '');
writeFileSync(join(root, 'config', 'mapping-paths.schema.json'), lines.join('\n'));
