// Message structures as text: "MSH SFT* PATIENT(PID PD1?)? ORDER(ORC <OBR|RXO> NTE*)+".
// Suffix: none = exactly one, ? = at most one, * = any number, + = at least one.
// A node is {name, min, many, children?, choice?}; a choice's children are its alternatives.

export function parseTree(text) {
  let at = 0;
  const tokenEnd = /[\s()<>|?*+]/;
  function sequence(close) {
    const nodes = [];
    for (;;) {
      while (text[at] === ' ' || text[at] === '|') at++;
      if (at >= text.length || text[at] === close) break;
      let node;
      if (text[at] === '<') {
        at++;
        node = { name: '', choice: true, children: sequence('>') };
        at++;
      } else {
        const start = at;
        while (at < text.length && !tokenEnd.test(text[at])) at++;
        if (at === start) throw new Error(`unexpected "${text[at]}" at ${at} in ${text}`);
        node = { name: text.slice(start, at) };
        if (text[at] === '(') {
          at++;
          node.children = sequence(')');
          at++;
        }
      }
      const suffix = '?*+'.includes(text[at] ?? ' ') ? text[at++] : '';
      node.min = suffix === '?' || suffix === '*' ? 0 : 1;
      node.many = suffix === '*' || suffix === '+';
      nodes.push(node);
    }
    return nodes;
  }
  return sequence('');
}

export function formatTree(nodes) {
  return nodes
    .map((node) => {
      let text = node.name;
      if (node.choice) text = `<${formatTree(node.children).replaceAll(' ', '|')}>`;
      else if (node.children) text += `(${formatTree(node.children)})`;
      return text + (node.many ? (node.min ? '+' : '*') : node.min ? '' : '?');
    })
    .join(' ');
}
