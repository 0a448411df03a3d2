// HL7 v2 facts from npm hl7-dictionary, the hand structures and the 2.8 delta.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { formatTree, parseTree } from './tree.mjs';

const dictionary = createRequire(import.meta.url)('hl7-dictionary');

export const versions = ['2.1', '2.2', '2.3', '2.3.1', '2.4', '2.5', '2.5.1', '2.6', '2.7', '2.7.1',
  '2.8', '2.8.1'];
const index = (version) => {
  const at = versions.indexOf(version);
  if (at < 0) throw new Error(`no version ${version}`);
  return at;
};
const isSegment = (name) => /^[A-Z][A-Z0-9]{2}$/.test(name) && name !== 'XXX';
const tidy = (text) => text.replace(/[^\x20-\x7e]/g, '').replace(/\s+/g, ' ')
  .replace(/[\s*+#]+$/, '').trim();

// Group names which differ between versions though the group is the same, brought to the newest
// name, so that a mapping rule is written once.
const groupNames = {
  TIIMING: 'TIMING', RSPONSE: 'RESPONSE', DEFINTION: 'DEFINITION', PATIENT_ID: 'PATIENT',
  OBXNTE: 'OBSERVATION', GROUP: 'OBSERVATION', LOCATIONL_RESOURCE: 'LOCATION_RESOURCE',
  CONTAINER_1: 'CONTAINER', CONTAINER_2: 'CONTAINER', APP_STATUS: 'APP_STATS',
  PRDCTD: 'PROVIDER_CONTACT', 'Observation/Result_Group': 'OBSERVATION_GROUP',
};
function groupName(name, structure, version) {
  if (structure === 'ORU_R01' && name === 'RESPONSE') return 'PATIENT_RESULT';
  if (structure === 'REF_I12' && index(version) <= index('2.3.1')) {
    return { AUTHORIZATION: 'AUTHORIZATION_CONTACT', PROVIDER: 'PROVIDER_CONTACT',
      VISIT: 'PATIENT_VISIT' }[name] ?? name;
  }
  return (groupNames[name] ?? name).replaceAll('/', '_').toUpperCase();
}

function convert(nodes, structure, version) {
  const result = [];
  for (const node of nodes) {
    const out = { name: node.name, min: node.min ? 1 : 0, many: node.max !== 1 };
    if (node.compounds) {
      const alternatives = node.compounds.filter((one) => isSegment(one.name ?? ''));
      if (alternatives.length === 0) continue;
      out.choice = true;
      out.name = '';
      out.children = alternatives.map((one) => ({ name: one.name, min: 1, many: false }));
      out.min = 1;
      out.many = alternatives.some((one) => one.max !== 1);
    } else if (node.children) {
      out.name = groupName(node.name, structure, version);
      out.children = convert(node.children, structure, version);
      if (out.children.length === 0) continue;
    } else if (!isSegment(node.name)) {
      continue;
    }
    result.push(out);
  }
  return result;
}

// The package's 2.6 lost the cardinality of many groups ("1..1"): take it from the same place in
// a neighbouring version.
function repairCardinality(nodes, others) {
  for (const node of nodes) {
    if (!node.children || node.choice) continue;
    const same = others.map((list) => list?.find((one) => one.name === node.name && one.children))
      .filter(Boolean);
    if (node.min === 1 && !node.many && same.length > 0) {
      node.min = same[0].min;
      node.many = same[0].many;
    }
    repairCardinality(node.children, same.map((one) => one.children));
  }
}

function eventTable() {
  const events = new Map();  // "ADT_A04" -> "ADT_A01"
  for (const [structure, list] of Object.entries(dictionary.tables[354].values)) {
    if (structure === 'ACK') continue;
    const type = structure.split('_')[0];
    for (const event of list.split(/[,.]\s*/)) {
      if (event.trim() && !events.has(`${type}_${event.trim()}`)) {
        events.set(`${type}_${event.trim()}`, structure);
      }
    }
  }
  // Where the table of the package lags behind chapters 3, 7, 9 and 15.
  const more = {
    ORU_R31: 'ORU_R30', ORU_R32: 'ORU_R30', ADT_A52: 'ADT_A52', ADT_A53: 'ADT_A52',
    SIU_S27: 'SIU_S12', PMU_B07: 'PMU_B07', PMU_B08: 'PMU_B08', CCR_I17: 'CCR_I16',
    CCR_I18: 'CCR_I16', QBP_Q22: 'QBP_Q21', QBP_Q23: 'QBP_Q21', RPI_I01: 'RPI_I01',
    PPP_PCC: 'PPP_PCB', PPG_PCC: 'PPG_PCG', MFK_M12: 'MFK_M01', MFK_M13: 'MFK_M01',
    MFK_M14: 'MFK_M01', MFK_M15: 'MFK_M01', MFK_M16: 'MFK_M01', MFK_M17: 'MFK_M01',
    RDE_O25: 'RDE_O11', RRE_O26: 'RRE_O12', PIN_I07: 'RQI_I01',
  };
  for (const [event, structure] of Object.entries(more)) events.set(event, structure);
  return events;
}

// Misprints of the package.
const noMessage = new Set(['ORU', 'QRY', 'OMG_019', 'OML_021', 'OML_033', 'OML_035', 'ORB_028',
  'REF_T12', 'RRI_T12', 'QRV_Q17', 'ORU_R03']);
// Versions for which the package lists structures, not events.
const listsStructures = new Set(['2.3.1', '2.4', '2.5', '2.5.1']);

function buildMessages(version, definition, canonical) {
  const structures = new Map();
  const events = new Map();
  const messages = definition.messages;
  for (const message of Object.keys(messages)) {
    if (noMessage.has(message)) continue;
    if (version === '2.3.1' && /^(QBP|RSP)_/.test(message)) continue;  // 2.4's, segments missing
    let id = canonical.get(message) ?? message;
    // An old version may lack the structure's own name: then the event's tree stands for it.
    const source = messages[id] && !noMessage.has(id) ? id : message;
    if (!structures.has(id)) {
      structures.set(id, convert(messages[source].segments.segments, id, version));
    }
    const [type, trigger] = message.split('_');
    events.set(`${type} ${trigger ?? '*'}`, id);
  }
  if (listsStructures.has(version)) {
    for (const [event, id] of canonical) {
      const key = event.replace('_', ' ');
      if (structures.has(id) && !events.has(key)) events.set(key, id);
    }
  }
  return { structures, events };
}

function buildSegments(definition, older, evenOlder) {
  const segments = new Map();
  for (const [id, segment] of Object.entries(definition.segments)) {
    if (!isSegment(id)) continue;
    const fields = segment.fields.map((field, at) => ({
      optionality: { 1: 'O', 2: 'R', 3: 'C', 4: 'W' }[field.opt] ?? 'O',
      type: field.datatype,
      repeat: field.rep,
      length: Number(field.len) > 0 && Number(field.len) < 100000 ? Number(field.len) : 0,
      table: field.table ? Number(field.table) : 0,
      name: tidy(field.desc),
      at,
    }));
    fields.forEach((field, at) => {
      const before = older?.get(id)?.fields[at];
      // 2.7 prints withdrawn fields without a type, and "varies" as ST: keep what was before.
      if (before && (field.optionality === 'W' || before.type === 'VARIES')) {
        field.type = before.type;
        if (field.optionality === 'W') {  // 2.6 lists some of them already without repetitions
          const first = evenOlder?.get(id)?.fields[at] ?? before;
          field.repeat = before.repeat === 0 ? 0 : first.repeat;
          field.table = before.table || first.table;
        }
      }
      if (/^varies$/i.test(field.type)) field.type = 'VARIES';
    });
    segments.set(id, { name: tidy(segment.desc), fields });
  }
  return segments;
}

function buildTypes(definition, older) {
  const types = new Map();
  for (const [id, type] of Object.entries(definition.fields)) {
    types.set(id, {
      name: tidy(type.desc),
      components: (type.subfields ?? []).map((one) => ({
        type: one.datatype, table: one.table ? Number(one.table) : 0, name: tidy(one.desc),
      })),
    });
  }
  // Before 2.5 the package gives the time inside TS as plain text.
  const stamp = types.get('TS')?.components[0];
  if (stamp?.type === 'ST') {
    stamp.type = 'DTM';
    if (!types.has('DTM')) types.set('DTM', { name: 'Date/Time', components: [] });
  }
  // Types that withdrawn or carried fields still have (CE, TS, TQ in 2.7; VARIES).
  for (const [id, type] of older ?? []) if (!types.has(id)) types.set(id, type);
  return types;
}

function readHandStructures(folder) {
  const hand = [];
  for (const line of readFileSync(join(folder, 'structures.txt'), 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [range, id, ...rest] = line.split('|');
    const tree = rest.join('|');
    const [from, to] = range.trim().split('-');
    hand.push({ from: index(from), to: index(to ?? from), id: id.trim(), tree: tree.trim() });
  }
  return hand;
}

function applyHand(build, version, hand) {
  for (const one of hand) {
    if (index(version) < one.from || index(version) > one.to) continue;
    build.structures.set(one.id, parseTree(one.tree));
    const [type, trigger] = one.id.split('_');
    const known = [...build.events.values()].includes(one.id);
    if (!known) build.events.set(`${type} ${trigger}`, one.id);
  }
}

// Applied to its version and, because 2.8.1 starts from a copy of 2.8, repeated there.
function applyDelta(build, version, folder) {
  if (index(version) < index('2.8')) return;
  const file = join(folder, 'delta-2.8.txt');
  let segment = null;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [kind, ...words] = line.trim().split(/\s+/);
    if (kind === 'S') {
      segment = build.segments.get(words[0]) ?? { name: words.slice(1).join(' '), fields: [] };
      if (words.length > 1) segment.name = words.slice(1).join(' ');
      build.segments.set(words[0], segment);
    } else if (kind === 'f') {
      const [number, optionality, type, repeat, length, table, ...name] = words;
      segment.fields[Number(number) - 1] = { optionality, type, repeat: Number(repeat),
        length: Number(length), table: table === '-' ? 0 : Number(table), name: name.join(' ') };
    } else if (kind === 'w') {  // withdrawn: keeps type and name
      segment.fields[Number(words[0]) - 1].optionality = 'W';
    } else if (kind === 'M') {
      build.structures.set(words[0], parseTree(words.slice(1).join(' ')));
    } else if (kind === 'E') {
      build.events.set(`${words[0]} ${words[1]}`, words[2]);
    } else {
      throw new Error(`${file}: ${line}`);
    }
  }
}

function check(version, build) {
  const segmentsOf = (nodes) => nodes.flatMap((node) =>
    node.children ? segmentsOf(node.children) : [node.name]);
  for (const [id, nodes] of build.structures) {
    for (const name of segmentsOf(nodes)) {
      if (!build.segments.has(name)) build.missing.add(`${id}:${name}`);
    }
  }
  for (const [id, segment] of build.segments) {
    for (let at = 0; at < segment.fields.length; at++) {
      const field = segment.fields[at];
      if (!field) throw new Error(`${version} ${id}-${at + 1} has no definition`);
      if (!build.types.has(field.type)) {
        throw new Error(`${version} ${id}-${at + 1}: no type ${field.type}`);
      }
    }
  }
  if (build.missing.size) {
    throw new Error(`${version}: no such segment: ${[...build.missing].join(' ')}`);
  }
}

const table = (number) => (number ? String(number).padStart(4, '0') : '-');

function format(version, build) {
  const lines = [`# HL7 v2 version ${version}: data types, segments, structures, events.`,
    '# Generated by schemas/generate; format in schemas/README.md.'];
  for (const [id, type] of [...build.types].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`T ${id} ${type.name}`);
    type.components.forEach((one, at) =>
      lines.push(`c ${at + 1} ${one.type} ${table(one.table)} ${one.name}`));
  }
  for (const [id, segment] of [...build.segments].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`S ${id} ${segment.name}`);
    segment.fields.forEach((field, at) => lines.push(`f ${at + 1} ${field.optionality} ` +
      `${field.type} ${field.repeat} ${field.length} ${table(field.table)} ${field.name}`));
  }
  for (const [id, nodes] of [...build.structures].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`M ${id} ${formatTree(nodes)}`);
  }
  for (const [event, id] of [...build.events].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`E ${event} ${id}`);
  }
  return lines;
}

// Structures and events that a newer version withdrew stay known there: senders raise MSH-12
// without changing their messages.
function carryForward(build, older) {
  if (!older) return;
  for (const [id, nodes] of older.structures) {
    if (!build.structures.has(id)) build.structures.set(id, nodes);
  }
  for (const [event, id] of older.events) {
    if (!build.events.has(event)) build.events.set(event, id);
  }
  for (const [id, segment] of older.segments) {
    if (!build.segments.has(id)) build.segments.set(id, segment);
  }
}

// The package's tables end with 2.6: versions, message types, events and structures since.
function newerCodes(builds) {
  const more = { 104: versions, 76: [], 3: [], 354: [] };
  for (const build of builds.values()) {
    for (const [event, structure] of build.events) {
      const [type, trigger] = event.split(' ');
      more[76].push(type);
      if (trigger !== '*') more[3].push(trigger);
      more[354].push(structure);
    }
  }
  return more;
}

function formatTables(builds) {
  const lines = ['# HL7 tables: codes that the package lists, all versions together.',
    '# Generated by schemas/generate; format in schemas/README.md.'];
  const used = new Set();
  for (const build of builds.values()) {
    for (const type of build.types.values()) type.components.forEach((one) => used.add(one.table));
    for (const segment of build.segments.values()) {
      segment.fields.forEach((field) => used.add(field.table));
    }
  }
  const more = newerCodes(builds);
  for (const [number, entry] of Object.entries(dictionary.tables)) {
    const codes = [...new Set([...Object.keys(entry.values ?? {}), ...(more[number] ?? [])])];
    if (!used.has(Number(number)) || codes.length === 0) continue;
    lines.push(`H ${table(Number(number))} ${tidy(entry.desc)}`);
    for (const code of codes) lines.push(`h ${code.trim()}`);
  }
  return lines;
}

export function generateV2(folder) {
  const canonical = eventTable();
  const hand = readHandStructures(folder);
  const builds = new Map();
  let older = null;
  for (const version of versions) {
    const base = { '2.8': '2.7.1', '2.8.1': '2.8' }[version];
    let build;
    if (base) {
      build = structuredClone(builds.get(base));
    } else {
      const definition = dictionary.definitions[version];
      build = buildMessages(version, definition, canonical);
      build.segments = buildSegments(definition, older?.segments, builds.get('2.5.1')?.segments);
      build.types = buildTypes(definition, older?.types);
    }
    build.missing = new Set();
    if (!base) applyHand(build, version, hand);
    builds.set(version, build);
    older = build;
  }
  for (const [id, nodes] of builds.get('2.6').structures) {
    const others = ['2.7', '2.5.1'].map((version) => builds.get(version).structures.get(id));
    repairCardinality(nodes, others);
  }
  older = null;
  for (const [version, build] of builds) {
    applyDelta(build, version, folder);
    carryForward(build, older);
    check(version, build);
    older = build;
  }
  return [...[...builds].map(([version, build]) => [version, format(version, build)]),
    ['tables', formatTables(builds)]];
}
