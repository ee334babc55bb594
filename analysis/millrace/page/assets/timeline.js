// Panels over one time axis: zooming or pointing at one moves all of them, the Gantt chart too.
M.axis = {full: [0, 1], view: [0, 1], cursor: null};
M.MARGIN = {left: innerWidth < 620 ? 74 : 96, right: 10, bottom: 20, top: 8};

M.zoom_to = (begin, end) => {
  const [first, last] = M.axis.full;
  const span = Math.min(Math.max(end - begin, (last - first) * 1e-7, 1e-8), last - first);
  const start = Math.min(Math.max((begin + end - span) / 2, first), last - span);
  M.axis.view = [start, start + span];
  M.paint();
};
M.zoom = (factor, at) => {
  const [begin, end] = M.axis.view;
  const fixed = at ?? (begin + end) / 2;
  M.zoom_to(fixed - (fixed - begin) * factor, fixed + (end - fixed) * factor);
};
M.pan = (share) => {
  const [begin, end] = M.axis.view;
  M.zoom_to(begin + share * (end - begin), end + share * (end - begin));
};
M.x_of = (time, width) => M.MARGIN.left + (time - M.axis.view[0]) / (M.axis.view[1] - M.axis.view[0])
  * (width - M.MARGIN.left - M.MARGIN.right);
M.time_of = (x, width) => M.axis.view[0] + (x - M.MARGIN.left) / (width - M.MARGIN.left - M.MARGIN.right)
  * (M.axis.view[1] - M.axis.view[0]);

M.time_ticks = (pen, width, height) => {
  const [begin, end] = M.axis.view;
  pen.textAlign = 'center';
  pen.textBaseline = 'top';
  const [factor, unit] = end - begin < 2e-3 && end < 1 ? [1e6, 'µs'] : end - begin < 2 && end < 100 ? [1e3, 'ms']
    : end - begin > 1200 ? [1 / 60, 'min'] : [1, 's'];
  const ticks = M.ticks(begin * factor, end * factor, (width - 80) / 110);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  const decimals = Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-9)));
  for (const tick of ticks) {
    const x = M.x_of(tick / factor, width);
    pen.fillStyle = M.css('--faint');
    pen.fillRect(Math.round(x), M.MARGIN.top, 1, height - M.MARGIN.top - M.MARGIN.bottom);
    pen.fillStyle = M.css('--quiet');
    if (x > M.MARGIN.left - 8 && x < width - 26) pen.fillText(`${tick.toFixed(decimals)} ${unit}`, x, height - 16);
  }
};
M.cursor_line = (pen, width, height) => {
  if (M.axis.cursor == null) return;
  const x = M.x_of(M.axis.cursor, width);
  if (x < M.MARGIN.left || x > width - M.MARGIN.right) return;
  pen.fillStyle = M.css('--quiet');
  pen.fillRect(Math.round(x), M.MARGIN.top, 1, height - M.MARGIN.top - M.MARGIN.bottom);
};

// Pointer, wheel and keys of a canvas over the time axis. `point(event, x, y)` describes what is there and may
// return a text; `click` is told of a press without a drag.
M.time_gestures = ({canvas}, point, click) => {
  let from = null, pinch = null;
  const pointers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top, box.width];
  };
  canvas.addEventListener('pointerdown', (event) => {
    const [x, , width] = place(event);
    pointers.set(event.pointerId, x);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      pinch = [M.time_of(a, width), M.time_of(b, width)];
      from = null;
      return;
    }
    from = {x, time: M.time_of(x, width), view: [...M.axis.view], pan: event.shiftKey || event.pointerType === 'touch'};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const [x, y, width] = place(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, x);
    if (pinch && pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const inner = width - M.MARGIN.left - M.MARGIN.right;
      const span = Math.abs((pinch[1] - pinch[0]) / ((b - a) / inner || 1e-3));
      const begin = pinch[0] - (a - M.MARGIN.left) / inner * span;
      M.zoom_to(begin, begin + span);
      return;
    }
    if (from && from.pan && Math.abs(x - from.x) > 3) {
      const shift = (from.x - x) / (width - M.MARGIN.left - M.MARGIN.right) * (from.view[1] - from.view[0]);
      M.zoom_to(from.view[0] + shift, from.view[1] + shift);
      return;
    }
    M.axis.cursor = M.time_of(x, width);
    M.axis.brush = from && Math.abs(x - from.x) > 4 ? [from.time, M.axis.cursor] : null;
    const text = M.axis.brush ? `zoom to ${M.seconds(Math.abs(M.axis.brush[1] - M.axis.brush[0]))}` : point(event, x, y, width);
    if (text) M.show_tip(event, text); else M.hide_tip();
    M.paint();
  });
  const release = (event) => {
    pointers.delete(event.pointerId);
    if (pointers.size < 2) pinch = null;
    const [x, y, width] = place(event);
    if (event.type === 'pointerup' && from) {
      if (M.axis.brush) M.zoom_to(Math.min(...M.axis.brush), Math.max(...M.axis.brush));
      else if (Math.abs(x - from.x) <= 4 && click) click(event, x, y, width);
    }
    from = null;
    M.axis.brush = null;
    M.paint();
  };
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerleave', () => { M.axis.cursor = null; M.hide_tip(); M.paint(); });
  canvas.addEventListener('dblclick', () => M.zoom_to(...M.axis.full));
  canvas.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    const [x, , width] = place(event);
    if (event.ctrlKey || event.metaKey) M.zoom(event.deltaY > 0 ? 1.25 : 0.8, M.time_of(x, width));
    else M.pan(event.deltaX / width);
  }, {passive: false});
  canvas.addEventListener('keydown', (event) => M.time_keys(event));
};
M.time_keys = (event) => {
  const actions = {'+': () => M.zoom(0.6), '=': () => M.zoom(0.6), '-': () => M.zoom(1 / 0.6), '0': () => M.zoom_to(...M.axis.full),
    ArrowLeft: () => M.pan(-0.2), ArrowRight: () => M.pan(0.2), Home: () => M.zoom_to(M.axis.full[0], M.axis.full[0] + M.axis.view[1] - M.axis.view[0]),
    End: () => M.zoom_to(M.axis.full[1] - M.axis.view[1] + M.axis.view[0], M.axis.full[1])};
  if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  actions[event.key]();
};
M.brush_shade = (pen, width, height) => {
  if (!M.axis.brush) return;
  const [a, b] = M.axis.brush.map((time) => M.x_of(time, width)).sort((one, other) => one - other);
  pen.globalAlpha = 0.18;
  pen.fillStyle = M.css('--accent');
  pen.fillRect(a, M.MARGIN.top, b - a, height - M.MARGIN.top - M.MARGIN.bottom);
  pen.globalAlpha = 1;
};

// Series: {name, colour (a key of data.colours), dash, run, step, t, v, lo, hi, hidden, unit}. `lines`: {v, name}.
M.panel = (place, title, unit, series, options = {}) => {
  const height = options.height || 170;
  const {canvas, chart, begin} = M.canvas(height, `${title}: ${series.map((each) => each.name).join(', ')}. Arrow keys pan, + and - zoom, 0 shows all.`);
  const legend = M.el('div', {class: 'legend', role: 'group', 'aria-label': `series of ${title}`});
  let log = options.log || false;
  const log_button = M.el('button', {type: 'button', 'aria-pressed': String(log), style: {textDecoration: 'none'},
    onclick: () => { log = !log; log_button.setAttribute('aria-pressed', String(log)); log_button.textContent = log ? 'linear' : 'log'; M.paint(); }}, log ? 'linear' : 'log');
  const more = M.el('details', {}, M.el('summary', {}, `${series.filter((each) => each.hidden).length} more`));
  for (const each of series) {
    const button = M.el('button', {type: 'button', 'aria-pressed': String(!each.hidden), onclick: () => {
      each.hidden = !each.hidden; button.setAttribute('aria-pressed', String(!each.hidden)); M.paint(); }},
    M.swatch(each.colour, each.dash), each.name);
    (each.hidden ? more : legend).append(button, ' ');
  }
  legend.append(log_button);
  if (more.children.length > 1) legend.append(more);
  place.append(M.el('h3', {}, `${title} (${unit})`), legend, chart);
  const shown = () => series.filter((each) => !each.hidden && M.run_shown(each.run));
  const range = () => {
    let low = Infinity, high = -Infinity;
    for (const each of shown()) {
      const first = Math.max(0, M.last_at(each.t, M.axis.view[0]));
      const lows = each.lo || each.v, highs = each.hi || each.v;
      for (let i = first; i < each.t.length && each.t[i] <= M.axis.view[1]; i++) {
        if (lows[i] < low && (!log || lows[i] > 0)) low = lows[i];
        if (highs[i] > high) high = highs[i];
      }
    }
    for (const line of options.lines || []) if (M.run_shown(line.run) && line.v > high) high = line.v;
    if (!Number.isFinite(high) || high <= 0) return [log ? 0.1 : 0, 1];
    return log ? [Math.max(Math.min(low, high / 1.5) / 1.3, high / 1e5), high * 1.3] : [0, high * 1.08];
  };
  const paint = () => {
    const {pen, width} = begin();
    M.time_ticks(pen, width, height);
    const [low, high] = range();
    const inner = height - M.MARGIN.top - M.MARGIN.bottom;
    const y = (value) => log ? M.MARGIN.top + inner * (1 - Math.log(Math.max(value, low) / low) / Math.log(high / low))
      : M.MARGIN.top + inner * (1 - (value - low) / (high - low));
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    for (const tick of log ? M.log_ticks(low, high) : M.ticks(low, high, 4)) {
      pen.fillStyle = M.css('--faint');
      pen.fillRect(M.MARGIN.left, Math.round(y(tick)), width - M.MARGIN.left - M.MARGIN.right, 1);
      pen.fillStyle = M.css('--quiet');
      pen.fillText(String(+tick.toPrecision(6)), M.MARGIN.left - 8, y(tick));
    }
    pen.save();
    pen.beginPath();
    pen.rect(M.MARGIN.left, 0, width - M.MARGIN.left - M.MARGIN.right, height - M.MARGIN.bottom + 2);
    pen.clip();
    (options.lines || []).forEach((line, at) => {
      if (!M.run_shown(line.run)) return;
      pen.strokeStyle = M.css('--ink');
      pen.setLineDash([5, 4]);
      pen.beginPath();
      pen.moveTo(M.MARGIN.left, y(line.v));
      pen.lineTo(width, y(line.v));
      pen.stroke();
      pen.setLineDash([]);
      pen.fillStyle = M.css('--ink');
      const [x, below] = [at % 2 ? M.MARGIN.left + 8 : width - 14, y(line.v) + (y(line.v) < 24 ? 10 : -8)];
      pen.textAlign = at % 2 ? 'left' : 'right';
      pen.strokeStyle = M.css('--paper');
      pen.lineWidth = 4;
      pen.strokeText(line.name, x, below);
      pen.lineWidth = 1;
      pen.fillText(line.name, x, below);
    });
    for (const each of shown()) M.draw_series(pen, each, y, width);
    pen.restore();
    M.brush_shade(pen, width, height);
    M.cursor_line(pen, width, height);
  };
  M.painters.push(paint);
  M.time_gestures({canvas}, (event, x, _, width) => {
    const time = M.time_of(x, width);
    const values = shown().map((each) => [each, M.last_at(each.t, time)]).filter(([, at]) => at >= 0)
      .map(([each, at]) => `${each.name}: ${M.digits(each.v[at], 4)} ${unit}` + (each.lo && each.hi[at] > each.lo[at] * 1.0005
        ? ` (${M.digits(each.lo[at])} to ${M.digits(each.hi[at])})` : ''));
    return [M.instant(time, M.axis.view[1] - M.axis.view[0]), ...values.slice(0, 14)].join('\n');
  });
};
// Where a series has more points than an eye can see, columns of pixels show its mean and its extremes.
M.COLUMN = 5;
M.draw_series = (pen, each, y, width) => {
  const first = Math.max(0, M.last_at(each.t, M.axis.view[0]));
  let end = first;
  while (end < each.t.length && each.t[end] <= M.axis.view[1]) end++;
  if (end < each.t.length) end++;
  const columns = (width - M.MARGIN.left - M.MARGIN.right) / M.COLUMN;
  const points = end - first > 1.5 * columns ? M.in_columns(each, first, end, columns)
    : {t: each.t.subarray(first, end), v: each.v.subarray(first, end), lo: each.lo && each.lo.subarray(first, end), hi: each.hi && each.hi.subarray(first, end)};
  M.draw_points(pen, points, each, y, width);
};
M.in_columns = (each, first, end, columns) => {
  const [begin, until] = M.axis.view;
  const wide = (until - begin) / columns;
  const made = {t: [], v: [], lo: [], hi: []};
  let column = null, count = 0, sum = 0, low = 0, high = 0;
  const close = () => {
    if (!count) return;
    made.t.push(begin + column * wide);
    made.v.push(sum / count);
    made.lo.push(low);
    made.hi.push(high);
  };
  for (let i = first; i < end; i++) {
    if (!Number.isFinite(each.v[i])) continue;
    const own = Math.floor((each.t[i] - begin) / wide);
    if (own !== column) {
      close();
      column = own;
      count = sum = 0;
      low = Infinity;
      high = -Infinity;
    }
    count++;
    sum += each.v[i];
    low = Math.min(low, each.lo ? each.lo[i] : each.v[i]);
    high = Math.max(high, each.hi ? each.hi[i] : each.v[i]);
  }
  close();
  return made;
};
M.draw_points = (pen, {t, v, lo, hi}, each, y, width) => {
  const colour = M.colour(each.colour);
  const x = (i) => M.x_of(t[i], width);
  if (lo) {
    pen.globalAlpha = 0.2;
    pen.fillStyle = colour;
    pen.beginPath();
    for (let i = 0; i < t.length; i++) {
      const right = i + 1 < t.length ? x(i + 1) : x(i) + 1;
      pen.rect(x(i), y(hi[i]), Math.max(1, right - x(i)), Math.max(0, y(lo[i]) - y(hi[i])));
    }
    pen.fill();
    pen.globalAlpha = 1;
  }
  pen.strokeStyle = colour;
  pen.lineWidth = 1.8;
  pen.setLineDash(M.DASHES[each.dash % 3 || 0]);
  pen.beginPath();
  let before = null;
  for (let i = 0; i < t.length; i++) {
    if (!Number.isFinite(v[i])) continue;
    if (before == null) pen.moveTo(x(i), y(v[i]));
    else {
      if (each.step) pen.lineTo(x(i), y(v[before]));
      pen.lineTo(x(i), y(v[i]));
    }
    before = i;
  }
  if (each.step && before != null) pen.lineTo(Math.max(x(before), Math.min(M.x_of(each.end, width), width)), y(v[before]));
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1;
};
