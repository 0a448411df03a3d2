// Writes ../hl7v2/<version>.txt, ../hl7v2/tables.txt and ../fhir/r4.txt.
//   npm ci && node generate.mjs
// The formats are described in ../README.md. Same input, same output: no date, no machine name.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateR4 } from './r4.mjs';
import { generateV2 } from './v2.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');

function write(path, lines) {
  mkdirSync(dirname(path), { recursive: true });
  const text = lines.join('\n') + '\n';
  writeFileSync(path, text);
  console.log(`${path.slice(root.length + 1)}: ${lines.length} lines, ${text.length} bytes`);
}

for (const [name, lines] of generateV2(here)) {
  write(join(root, 'hl7v2', `${name}.txt`), lines);
}
write(join(root, 'fhir', 'r4.txt'), generateR4());
