// The critical path of a chosen microbatch: every interval from its creation to its completion, in order, each
// with what it waited for. The intervals have no gaps, so that they sum to the latency.
M.path_of = (run, microbatch) => {
  const gantt = run.unpacked;
  const steps = [];
  gantt.rows.forEach((row, at) => {
    for (const i of M.entries_of(gantt[row.kind], at, microbatch)) {
      if (row.kind === 'stage') {
        const instants = M.stage_instants(gantt.stage, i);
        const why = [M.waited_for(gantt, at, i), '', '', M.blocked_for(gantt, at, i, 4), '', M.blocked_for(gantt, at, i, 6)];
        M.STAGE_PARTS.forEach((part, k) => steps.push({begin: instants[k], end: instants[k + 1], where: row.name, colour: row.colour,
          what: {wait: 'input waits', send: 'result waits to be sent', blocked: 'result waits'}[part] || part,
          idle: ['wait', 'blocked', 'send'].includes(part), why: why[k]}));
      } else {
        const instants = M.link_instants(gantt.link, i);
        ['queue of the link', 'on the wire', 'propagation'].forEach((what, k) => steps.push({begin: instants[k], end: instants[k + 1],
          where: row.name, colour: row.colour, what, idle: k === 0, why: k ? '' : M.queued_for(gantt, at, i)}));
      }
    }
  });
  steps.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const least = steps.length ? Math.max(2e-9, 1e-7 * (steps[steps.length - 1].end - steps[0].begin)) : 0;  // rounding, not waiting
  const known = run.microbatches.get(microbatch);
  const path = [];
  let at = known ? known.created : steps.length ? steps[0].begin : 0;
  for (const step of steps) {
    if (step.begin > at + least) path.push({begin: at, end: step.begin, where: '', what: 'waits', idle: true, why: path.length ? '' : 'at the source, for room', colour: ''});
    if (step.end > at + least) path.push({...step, begin: step.begin > at + least ? step.begin : at});
    else continue;
    at = Math.max(at, step.end);
  }
  return path;
};

M.chosen_listeners = [];
M.choose = (run, microbatch) => {
  run.chosen = microbatch;
  for (const listener of M.chosen_listeners) listener(run);
  M.paint();
};
M.step_microbatch = (run, step) => {
  const known = run.known_microbatches;
  const at = M.last_at(known, run.chosen ?? known[0] - 1);
  const next = known[Math.min(Math.max(at + step, 0), known.length - 1)];
  if (next != null) M.choose(run, next);
};

M.critical_path = (place, run) => {
  const box = M.el('input', {type: 'number', min: '0', step: '1', 'aria-label': 'microbatch', style: {width: '8em'}, onchange: () => M.choose(run, +box.value)});
  const output = M.el('div', {'aria-live': 'polite'});
  const worst = run.worst.slice(0, 5).map((microbatch) => M.el('button', {type: 'button', onclick: () => { M.choose(run, microbatch); M.show_microbatch(run, microbatch); }},
    `${microbatch} (${M.seconds(run.microbatches.get(microbatch).latency)})`));
  place.append(
    M.el('div', {class: 'row'}, M.el('label', {}, 'Microbatch ', box),
      M.el('button', {type: 'button', onclick: () => M.step_microbatch(run, -1)}, '◀ before'), M.el('button', {type: 'button', onclick: () => M.step_microbatch(run, 1)}, 'after ▶'),
      M.el('button', {type: 'button', onclick: () => M.show_microbatch(run, run.chosen)}, 'zoom to it')),
    worst.length ? M.el('div', {class: 'row'}, M.el('span', {class: 'quiet'}, 'Slowest:'), worst) : null, output);
  const show = (which) => {
    if (which !== run) return;
    box.value = run.chosen ?? '';
    output.replaceChildren();
    const path = M.path_of(run, run.chosen);
    const known = run.microbatches.get(run.chosen);
    if (!path.length) {
      output.append(M.el('p', {}, `Microbatch ${run.chosen} is not among those kept in this page` + (known ? `; its latency was ${M.seconds(known.latency)}.` : '.')));
      return;
    }
    const begin = path[0].begin, all = path[path.length - 1].end - begin;
    const waiting = path.filter((step) => step.idle).reduce((sum, step) => sum + step.end - step.begin, 0);
    output.append(M.el('p', {}, `From creation to completion ${M.seconds(all)}; of that waiting ${M.seconds(waiting)} (${M.percent(waiting / all)}).`));
    output.append(M.el('div', {class: 'stack', 'aria-hidden': 'true'}, path.map((step) => M.el('span', {title: `${step.where} ${step.what}`,
      style: {width: `${100 * (step.end - step.begin) / all}%`, background: step.idle ? M.css('--line') : M.colour(step.colour)}}))));
    output.append(M.table([['at', true], ['takes', true], ['share', true], ['where'], ['what'], ['waited for']], path.map((step) => [
      M.seconds(step.begin - begin), M.seconds(step.end - step.begin), M.percent((step.end - step.begin) / all),
      M.el('span', {}, step.colour ? M.swatch(step.colour) : null, step.where), step.what, step.why])
      , `critical path of microbatch ${run.chosen}`));
  };
  M.chosen_listeners.push(show);
  M.theme_changed.push(() => show(run));
  if (run.known_microbatches.length) show(run); else output.append(M.el('p', {}, 'No microbatch was completed.'));
};
M.show_microbatch = (run, microbatch) => {
  const path = M.path_of(run, microbatch);
  if (!path.length) return;
  const begin = path[0].begin, end = path[path.length - 1].end;
  M.zoom_to(begin - 0.1 * (end - begin), end + 0.1 * (end - begin));
};
