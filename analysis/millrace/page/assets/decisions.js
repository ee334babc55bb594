// Decisions with what the policy had seen. Thousands of rows are shown a screen at a time.
M.decisions = (place, run) => {
  const packed = run.decisions;
  const columns = {};
  for (const [name, values] of Object.entries(packed.columns)) columns[name] = M.array(values);
  const count = columns.time.length;
  const state = {link: '', changes: count > 200 && columns.changed.some((each) => each), page: 0};
  const size = 100;
  const output = M.el('div', {'aria-live': 'polite'});
  const links = M.el('select', {'aria-label': 'link', onchange: () => { state.link = links.value; state.page = 0; show(); }},
    M.el('option', {value: ''}, 'all links'), packed.links.map((name, at) => M.el('option', {value: at}, name)));
  const changes = M.el('input', {type: 'checkbox', onchange: () => { state.changes = changes.checked; state.page = 0; show(); }});
  changes.checked = state.changes;
  const turn = (by) => () => { state.page += by; show(); };
  const before = M.el('button', {type: 'button', onclick: turn(-1)}, '◀'), after = M.el('button', {type: 'button', onclick: turn(1)}, '▶');
  const where = M.el('span', {class: 'quiet'});
  place.append(M.el('p', {class: 'quiet small'}, packed.note),
    M.el('div', {class: 'row'}, links, M.el('label', {}, changes, ' only changes of bits'), before, after, where), output);
  const show = () => {
    const chosen = [];
    for (let i = 0; i < count; i++) {
      if (state.link !== '' && columns.link[i] !== +state.link) continue;
      if (state.changes && !columns.changed[i]) continue;
      chosen.push(i);
    }
    const pages = Math.max(1, Math.ceil(chosen.length / size));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    before.disabled = state.page === 0;
    after.disabled = state.page === pages - 1;
    where.textContent = `${chosen.length} decisions, page ${state.page + 1} of ${pages}`;
    const table = M.table([['time', true], ['link'], ['microbatch', true], ['policy'], ['bits', true], ['observed Mbit/s', true], ['inputs waiting', true],
      ['in flight', true], ['oldest sent', true], ['ready', true], ['acks seen', true]], chosen.slice(state.page * size, (state.page + 1) * size).map((i) => [
      M.digits(columns.time[i], 8) + ' s', packed.links[columns.link[i]], columns.microbatch[i], packed.policies[columns.policy[i]], M.digits(columns.bits[i]),
      columns.observed[i] ? M.digits(columns.observed[i]) : '–', columns.waiting[i], columns.in_flight[i] ? `${columns.in_flight[i]} (${M.bytes(columns.in_flight_bytes[i])})` : '0',
      columns.oldest[i] > 0 ? `${M.seconds(columns.oldest[i])} ago` : '–', columns.ready[i] ? `${columns.ready[i]} (${M.bytes(columns.ready_bytes[i])})` : '0', columns.seen[i]]),
    'decisions');
    table.querySelectorAll('tbody tr').forEach((row, at) => {
      const i = chosen[state.page * size + at];
      row.className = 'pick';
      row.tabIndex = 0;
      const go = () => {
        const span = (M.axis.full[1] - M.axis.full[0]) / 40;
        M.zoom_to(columns.time[i] - span, columns.time[i] + span);
        M.choose(run, columns.microbatch[i]);
      };
      row.addEventListener('click', go);
      row.addEventListener('keydown', (event) => { if (event.key === 'Enter') go(); });
    });
    output.replaceChildren(table);
  };
  show();
};
