// The page of one run, or of several.
M.runs_page = () => {
  const {runs, title} = M.data;
  const many = runs.length > 1;
  const shown = new Set(runs.map((run) => run.index));
  M.run_shown = (index) => index == null || shown.has(index);
  M.axis.full = [0, Math.max(...runs.map((run) => run.duration), 1e-9)];
  M.axis.view = [...M.axis.full];
  for (const run of runs) {
    run.unpacked = M.unpack_gantt(run.gantt);
    const number = M.array(run.kept.number), created = M.array(run.kept.created), latency = M.array(run.kept.latency);
    run.microbatches = new Map();
    number.forEach((each, i) => run.microbatches.set(each, {created: created[i], latency: latency[i]}));
    run.known_microbatches = [...number].sort((a, b) => a - b);
    run.chosen = run.worst[0] ?? run.known_microbatches[0];
  }
  const sections = [['summary', 'Summary'], many && ['differences', 'Differences'], ['time', 'Over time'], ['gantt', 'Pipeline'], ['path', 'Critical path'],
    ['attribution', 'Attribution'], ['latency', 'Latency'], runs.some((run) => run.decisions) && ['decisions', 'Decisions'], ['network', 'Network'], ['scenario', 'Scenario']].filter(Boolean);
  M.frame(title, sections, M.zoom_buttons());
  M.summary(runs, many, shown);
  if (many) M.differences();
  M.over_time(runs);
  M.per_run('gantt', 'Pipeline: every microbatch', runs, (place, run) => {
    place.append(M.el('p', {class: 'quiet small'}, 'Drag to zoom, double-click for all, shift and drag to move; pinch on a touch screen. Click a microbatch to follow it.'));
    M.gantt(place, run);
  });
  M.per_run('path', 'Critical path of a microbatch', runs, M.critical_path);
  M.per_run('attribution', 'Where time went', runs, (place, run) => {
    place.append(M.el('h3', {}, 'Stages: shares of the run'));
    M.attribution(place, run.attribution.stages, ['decode', 'compute', 'encode', 'blocked', 'idle'], 'time of stages');
    place.append(M.el('h3', {}, 'Links: shares of the time that activations were on their way, summed over them'));
    M.attribution(place, run.attribution.links, ['queue', 'wire', 'propagation'], 'time on links');
  });
  M.cdf(M.section('latency', 'Latency of microbatches', M.el('p', {class: 'quiet small'}, 'Cumulative distribution, from creation to the sink.')), runs);
  if (runs.some((run) => run.decisions)) M.per_run('decisions', 'Decisions, and what the policy had seen', runs.filter((run) => run.decisions), M.decisions);
  M.per_run('network', 'Network and loads', runs, M.network);
  M.per_run('scenario', 'Resolved scenario', runs, (place, run) => place.append(M.el('pre', {tabindex: '0', 'aria-label': 'resolved scenario'}, run.scenario)));
  M.paint();
};

// A section that shows one run at a time; what it draws is made when it is first looked at.
M.per_run = (id, title, runs, make) => {
  const section = M.section(id, title);
  const places = runs.map(() => null);
  const choose = (at) => {
    if (!places[at]) {
      places[at] = M.el('div');
      section.append(places[at]);
      make(places[at], runs[at]);
    }
    places.forEach((place, k) => { if (place) place.hidden = k !== at; });
    M.paint();
  };
  if (runs.length > 1) {
    const select = M.el('select', {'aria-label': `run shown in: ${title}`, onchange: () => choose(+select.value)},
      runs.map((run, at) => M.el('option', {value: at}, run.label)));
    section.append(M.el('div', {class: 'row'}, M.el('label', {}, 'Run ', select)));
  }
  choose(0);
};

M.summary = (runs, many, shown) => {
  M.page.append(M.el('h1', {}, M.data.title));
  const section = M.section('summary', many ? `${runs.length} runs` : 'Summary');
  for (const run of runs) {
    const head = many ? M.el('h3', {}, M.el('label', {}, (() => {
      const box = M.el('input', {type: 'checkbox', onchange: () => { box.checked ? shown.add(run.index) : shown.delete(run.index); M.paint(); }});
      box.checked = true;
      return box;
    })(), ' ', M.swatch(run.colour, run.dash), run.label)) : null;
    section.append(...[head, M.el('p', {class: 'quiet'}, run.describe),
      M.el('ul', {class: 'merits'}, run.merits.map(([value, what]) => M.el('li', {}, M.el('b', {}, value), what))),
      run.caveats.length ? M.el('ul', {class: 'caveats', 'aria-label': 'caveats'}, run.caveats.map(([id, text]) => M.el('li', {}, id === 'incomplete' ? M.el('b', {}, 'INCOMPLETE: ') : null, text))) : null,
      ...run.notes.map((note) => M.el('p', {class: 'quiet small'}, note))].filter(Boolean));
  }
};

M.differences = () => {
  const {figures, differences, runs} = M.data;
  const section = M.section('differences', 'Differences');
  section.append(M.el('h3', {}, 'Figures, and their distance from the first run'), M.table([['figure'], ...runs.map((run) => [run.label, true])],
    figures.map(([name, unit, values]) => [name, ...values.map((value, at) => {
      if (value == null) return '–';
      const text = `${M.digits(value, 4)} ${unit}`;
      return at && values[0] ? `${text} (${value >= values[0] ? '+' : '−'}${M.digits(100 * Math.abs(value / values[0] - 1))} %)` : text;
    })]), 'figures of the runs'));
  section.append(M.el('h3', {}, 'Scenario keys that differ'), differences.length
    ? M.table([['key'], ...runs.map((run) => [run.label])], differences.map(([key, values]) => [key, ...values.map((value) => value ?? '(absent)')]), 'keys that differ')
    : M.el('p', {}, 'The resolved scenarios are equal.'));
};

M.over_time = (runs) => {
  const section = M.section('time', 'Over time', M.el('p', {class: 'quiet small'}, 'One time axis for all: drag to zoom, double-click for all, ',
    M.el('kbd', {}, 'Ctrl'), ' and wheel, or the keys ', M.el('kbd', {}, '+'), ' ', M.el('kbd', {}, '−'), ' ', M.el('kbd', {}, '0'), ' ', M.el('kbd', {}, '←'), ' ', M.el('kbd', {}, '→'), ' on a chart. Bands: lowest and highest.'));
  const all = runs.flatMap((run) => run.series.map((each) => ({...each, run: run.index, end: run.duration, dash: runs.length > 1 ? run.dash : each.dash || 0,
    name: runs.length > 1 ? `${run.label}: ${each.name}` : each.name,
    t: M.array(each.t), v: M.array(each.v), lo: each.lo && M.array(each.lo), hi: each.hi && M.array(each.hi)})));
  for (const [key, title, unit, height] of M.data.panels) {
    const series = all.filter((each) => each.panel === key);
    if (!series.length) continue;
    const lines = key === 'throughput' ? runs.flatMap((run) => run.lines.map((line) => ({...line, run: run.index}))) : [];
    M.panel(section, title, unit, series, {height, lines, log: M.data.log.includes(key)});
  }
};
