// The page of a sweep: any figure over any key with confidence intervals, parallel coordinates, the cells.
M.sweep_page = () => {
  const {data} = M;
  const count = data.count;
  M.run_shown = () => true;
  // Every axis has a value per cell: a number, or the place of its text among the texts.
  const axes = [...data.axes.map((axis) => {
    const words = [...new Set(axis.texts)];
    if (axis.numbers) return {...axis, key: true, words, values: Float64Array.from(axis.numbers, (value) => value ?? NaN)};
    const place = new Map(words.map((word, at) => [word, at]));
    return {...axis, key: true, words, ordinal: true, values: Float64Array.from(axis.texts, (text) => place.get(text))};
  }), ...data.figures.map((figure) => ({...figure, key: false, values: Float64Array.from(figure.values, (value) => value ?? NaN)}))];
  for (const axis of axes) {
    const finite = axis.values.filter(Number.isFinite);
    axis.low = Math.min(...[finite.reduce((a, b) => Math.min(a, b), Infinity)]);
    axis.high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    axis.log = !axis.ordinal && axis.low > 0 && axis.high / axis.low >= 20;
    axis.brush = null;
    axis.short = axis.name.split('.').pop() + (axis.unit ? ` (${axis.unit})` : '');
    axis.label = axis.unit ? `${axis.name} (${axis.unit})` : axis.name;
  }
  const keys = axes.filter((axis) => axis.key), figures = axes.filter((axis) => !axis.key);
  const usual_x = keys.filter((axis) => !axis.ordinal).sort((a, b) => b.words.length - a.words.length)[0] || keys[0] || figures[0];
  const state = {y: figures[0], x: usual_x, by: keys.find((axis) => axis !== usual_x && axis.words.length <= 16) || null, kept: null, chosen: null};
  const listeners = [];
  const changed = () => {
    const brushed = axes.filter((axis) => axis.brush);
    state.kept = Uint8Array.from({length: count}, (_, i) => brushed.every((axis) => axis.values[i] >= axis.brush[0] && axis.values[i] <= axis.brush[1]) ? 1 : 0);
    for (const listener of listeners) listener();
    M.paint();
  };
  state.colour_of = (i) => state.by ? M.colour(`group:${state.by.words.indexOf(state.by.texts[i]) % 16}`) : M.colour('group:0');
  M.frame(data.title, [['summary', 'Summary'], ['over', 'Figure over key'], ['parallel', 'Parallel coordinates'], ['cells', 'Cells']], []);
  M.page.append(M.el('h1', {}, data.title));
  const failed = data.cells.status.filter((status) => status === 'failed').length;
  const section = M.section('summary', 'Summary', M.el('ul', {class: 'merits'}, [[data.finished, `of ${count} cells finished`], [failed, 'failed'],
    [count - data.finished - failed, 'missing'], [keys.length, 'swept keys']].map(([value, what]) => M.el('li', {}, M.el('b', {}, String(value)), what))));
  if (data.caveats.length) section.append(M.el('ul', {class: 'caveats', 'aria-label': 'caveats'}, data.caveats.map(([text, of]) => M.el('li', {}, `${text} (${of} cells)`))));
  if (!figures.length) {
    section.append(M.el('p', {}, 'No cell has finished, so that there is nothing to draw yet.'));
    return;
  }
  M.sweep_over(state, axes, keys, figures, listeners, changed);
  M.sweep_parallel(state, axes, listeners, changed);
  M.sweep_cells(state, axes, listeners, changed);
  changed();
};

M.mean_ci = (values) => {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return [mean, 0];
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return [mean, (M.data.student[n - 2] ?? 1.96) * Math.sqrt(variance / n)];
};

M.sweep_over = (state, axes, keys, figures, listeners, changed) => {
  const select = (label, options, chosen, take) => {
    const box = M.el('select', {onchange: () => { take(options[+box.value]); changed(); }}, options.map((axis, at) => M.el('option', {value: at, selected: axis === chosen}, axis ? axis.label : 'nothing')));
    return M.el('label', {}, `${label} `, box);
  };
  const note = M.el('p', {class: 'quiet small', role: 'status'});
  const legend = M.el('div', {class: 'legend'});
  const height = 380;
  const {canvas, chart, begin} = M.canvas(height, 'The chosen figure over the chosen key; the table below has its numbers.');
  const table = M.el('div');
  M.section('over', 'Any figure over any key', M.el('div', {class: 'row'}, select('Show', figures, state.y, (axis) => { state.y = axis; }), select('over', axes, state.x, (axis) => { state.x = axis; }),
    select('a line for each', [null, ...keys.filter((axis) => axis.words.length <= 64)], state.by, (axis) => { state.by = axis; })), note, legend, chart, table);
  let lines = [], version = 0;
  const gather = () => {
    version++;
    const groups = new Map();
    for (let i = 0; i < M.data.count; i++) {
      const x = state.x.values[i], y = state.y.values[i];
      if (!state.kept[i] || !Number.isFinite(x) || !Number.isFinite(y)) continue;
      const name = state.by ? state.by.texts[i] : 'all cells';
      if (!groups.has(name)) groups.set(name, {name, colour: state.colour_of(i), at: new Map()});
      // Over another figure, replications of a group are one point.
      const place = state.x.key ? x : M.data.cells.group[i] ?? i;
      const own = groups.get(name).at;
      if (!own.has(place)) own.set(place, {x: [], y: []});
      own.get(place).x.push(x);
      own.get(place).y.push(y);
    }
    lines = [...groups.values()].map((group) => ({...group, points: [...group.at.values()].map(({x, y}) => {
      const [mean, half] = M.mean_ci(y);
      return {x: M.mean_ci(x)[0], mean, half, n: y.length};
    }).sort((a, b) => a.x - b.x)}));
    const others = keys.filter((axis) => axis !== state.x && axis !== state.by && axis.brush === null && axis.name !== 'variant'
      && !(state.by && M.follows(axis, state.by)));
    const most = Math.max(0, ...lines.flatMap((line) => line.points.map((point) => point.n)));
    note.textContent = (most > 1 ? `Bars: 95 % confidence of the mean, up to ${most} cells a point. ` : 'One cell a point. ')
      + (others.length && state.x.key ? `Means are over all values of ${others.map((axis) => axis.name).join(', ')}; choose ranges below to hold one.` : '');
    legend.replaceChildren(...lines.slice(0, 32).map((line) => M.el('span', {}, M.swatch(line.colour), line.name)));
    const shown = lines.flatMap((line) => line.points.map((point) => [line.name, state.x.ordinal ? state.x.words[point.x] : M.digits(point.x, 4), M.digits(point.mean, 4), point.n > 1 ? `± ${M.digits(point.half)}` : '–', point.n])).slice(0, 300);
    table.replaceChildren(M.el('details', {}, M.el('summary', {}, 'The same as a table'), M.table([[state.by ? state.by.name : ''], [state.x.label, true], [state.y.label, true], ['95 %', true], ['n', true]], shown, 'means')));
  };
  listeners.push(gather);
  M.theme_changed.push(changed);
  const scale = (axis, low, high, from, to, log) => (value) => log ? from + (to - from) * Math.log(Math.max(value, low) / low) / Math.log(high / low) : from + (to - from) * (value - low) / (high - low || 1);
  let places = [], drawn = '';
  M.painters.push(() => {
    const now = `${version} ${canvas.clientWidth} ${window.devicePixelRatio} ${M.dark()}`;
    if (drawn === now) return;
    drawn = now;
    const {pen, width} = begin();
    const all = lines.flatMap((line) => line.points);
    places = [];
    if (!all.length) return;
    const left = 70, right = width - 16, top = 12, bottom = height - 44;
    const x_low = Math.min(...all.map((point) => point.x)), x_high = Math.max(...all.map((point) => point.x));
    const x_log = state.x.log && x_low > 0;
    const pad = (x_high - x_low) * 0.04 || 0.5;
    const x_of = x_log ? scale(state.x, x_low / 1.1, x_high * 1.1, left, right, true) : scale(state.x, x_low - pad, x_high + pad, left, right, false);
    const y_high = Math.max(...all.map((point) => point.mean + point.half)), y_least = Math.min(...all.map((point) => point.mean - point.half));
    const y_low = state.y.unit === '%' || y_least < 0 ? y_least - (y_high - y_least) * 0.1 - 0.01 : 0;
    const y_of = scale(state.y, y_low, y_high * 1.05 || 1, bottom, top, false);
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    for (const tick of M.ticks(y_low, y_high * 1.05 || 1, 6)) {
      pen.fillStyle = M.css('--faint');
      pen.fillRect(left, Math.round(y_of(tick)), right - left, 1);
      pen.fillStyle = M.css('--quiet');
      pen.fillText(String(+tick.toPrecision(6)), left - 8, y_of(tick));
    }
    pen.textAlign = 'center';
    const distinct = [...new Set(all.map((point) => point.x))].sort((a, b) => a - b);
    const ticks = state.x.key && distinct.length <= 12 ? distinct : x_log ? M.log_ticks(x_low, x_high) : M.ticks(x_low, x_high, width / 120);
    let reached = -Infinity;
    for (const tick of ticks) {
      const text = state.x.ordinal ? (state.x.words[tick] ?? '') : String(+tick.toPrecision(4));
      const half = pen.measureText(text).width / 2, x = Math.min(Math.max(x_of(tick), left + half - 40), right - half + 10);
      if (x - half < reached + 6) continue;
      reached = x + half;
      pen.fillStyle = M.css('--quiet');
      pen.fillText(text, x, bottom + 14);
    }
    pen.fillStyle = M.css('--ink');
    pen.fillText(state.x.label, (left + right) / 2, height - 12);
    lines.forEach((line, at) => {
      pen.strokeStyle = pen.fillStyle = line.colour;
      pen.lineWidth = 2;
      pen.setLineDash(M.DASHES[Math.floor(at / 16) % 3]);
      if (state.x.key) {
        pen.beginPath();
        line.points.forEach((point, k) => (k ? pen.lineTo : pen.moveTo).call(pen, x_of(point.x), y_of(point.mean)));
        pen.stroke();
      }
      pen.setLineDash([]);
      pen.lineWidth = 1.5;
      pen.beginPath();
      for (const point of line.points) {
        const x = x_of(point.x), y = y_of(point.mean);
        places.push({x, y, line, point});
        if (!point.half) continue;
        pen.moveTo(x, y_of(point.mean - point.half));
        pen.lineTo(x, y_of(point.mean + point.half));
        for (const sign of [-1, 1]) {
          pen.moveTo(x - 4, y_of(point.mean + sign * point.half));
          pen.lineTo(x + 4, y_of(point.mean + sign * point.half));
        }
      }
      pen.stroke();
      pen.beginPath();
      for (const point of line.points) {
        pen.moveTo(x_of(point.x) + 4, y_of(point.mean));
        pen.arc(x_of(point.x), y_of(point.mean), 4, 0, 7);
      }
      pen.fill();
      pen.lineWidth = 1;
    });
  });
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    for (const each of places) {
      const away = Math.hypot(each.x - px, each.y - py);
      if (away < 24 && (!best || away < best.away)) best = {...each, away};
    }
    if (!best) return M.hide_tip();
    const {line, point} = best;
    return M.show_tip(event, `${line.name}\n${state.x.label}: ${state.x.ordinal ? state.x.words[point.x] : M.digits(point.x, 4)}\n${state.y.label}: ${M.digits(point.mean, 4)}`
      + (point.n > 1 ? ` ± ${M.digits(point.half)} (95 %, n = ${point.n})` : ''));
  });
  canvas.addEventListener('pointerleave', M.hide_tip);
};
// Whether a key's value follows from another's, as those that a variant sets do.
M.follows = (axis, other) => {
  const seen = new Map();
  return axis.texts.every((text, i) => {
    const before = seen.get(other.texts[i]);
    if (before === undefined) seen.set(other.texts[i], text);
    return before === undefined || before === text;
  });
};
