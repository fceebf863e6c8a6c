// Objects, arrays, strings, numbers and closures of an ordinary script.
const rounds = Number(process.argv[2]);
let total = 0;
for (let round = 0; round < rounds; round++) {
  const rows = [];
  for (let i = 0; i < 20000; i++) {
    rows.push({ id: (i * 7919) % 10007, name: `row ${i % 97}`, value: i * 0.25 });
  }
  rows.sort((a, b) => a.id - b.id || a.value - b.value);
  const groups = new Map();
  for (const { name, value } of rows) groups.set(name, (groups.get(name) ?? 0) + value);
  total += [...groups.values()].reduce((a, b) => a + Math.sqrt(b), 0);
  total += JSON.parse(JSON.stringify(rows.slice(0, 2000))).length;
  const flags = new Uint8Array(100000);
  for (let i = 2; i < flags.length; i++) {
    if (!flags[i]) {
      total++;
      for (let j = 2 * i; j < flags.length; j += i) flags[j] = 1;
    }
  }
}
console.log(total.toFixed(6));
