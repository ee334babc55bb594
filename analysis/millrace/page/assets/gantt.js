// The pipeline as a Gantt chart. Where the run is too large to be embedded whole, rows show how busy they were,
// and every microbatch within the windows that were kept: see `windows` of the data.
M.STAGE_PARTS = ['wait', 'decode', 'compute', 'blocked', 'encode', 'send'];
M.ROW = 24;

// Unpacks a run's rows: per row the range of its entries, and every instant as needed.
M.unpack_gantt = (packed) => {
  const gantt = {rows: packed.rows, windows: packed.windows, whole: packed.whole, density: packed.density.map(M.array)};
  for (const kind of ['stage', 'link']) {
    const own = {};
    for (const [name, values] of Object.entries(packed[kind])) own[name] = M.array(values);
    own.range = gantt.rows.map(() => [0, 0]);
    for (let i = 0; i < own.row.length; i++) {
      if (i === 0 || own.row[i] !== own.row[i - 1]) own.range[own.row[i]] = [i, i];
      own.range[own.row[i]][1] = i + 1;
    }
    gantt[kind] = own;
  }
  M.lay_lanes(gantt);
  return gantt;
};
// Where messages of one link are on the wire side by side, each has a lane of the row's height: in deploy, what is
// drawn reaches from sending to acknowledgement.
M.MOST_LANES = 4;
M.lay_lanes = (gantt) => {
  const own = gantt.link;
  own.lane = new Uint8Array(own.row.length);
  gantt.rows.forEach((row, at) => {
    const free = [];
    for (let i = own.range[at][0]; i < own.range[at][1]; i++) {
      const begin = own.submitted[i] + own.queued[i];
      let lane = free.findIndex((end) => end <= begin + 1e-9);
      if (lane < 0) lane = free.length < M.MOST_LANES ? free.length : free.indexOf(Math.min(...free));
      free[lane] = begin + own.wire[i];
      own.lane[i] = lane;
    }
    row.lanes = Math.max(1, free.length);
  });
};
// The instants of a stage's entry: arrived, started, decoded, computed, encoding, encoded, sent.
M.stage_instants = (stage, i) => {
  const instants = [stage.arrived[i]];
  for (const part of M.STAGE_PARTS) instants.push(instants[instants.length - 1] + stage[part][i]);
  return instants;
};
M.link_instants = (link, i) => {
  const on_wire = link.submitted[i] + link.queued[i];
  return [link.submitted[i], on_wire, on_wire + link.wire[i], on_wire + link.wire[i] + link.propagation[i]];
};
M.entries_of = (own, row, microbatch) => {
  const found = [];
  for (let i = own.range[row][0]; i < own.range[row][1]; i++) if (own.microbatch[i] === microbatch) found.push(i);
  return found;
};

// What kept an input waiting: the microbatches that the stage worked on meanwhile.
M.waited_for = (gantt, row, i) => {
  const own = gantt.stage;
  const [arrived, started] = M.stage_instants(own, i);
  const [first, end] = own.range[row];
  const others = [];
  for (let k = first; k < end && others.length < 6; k++) {
    if (k === i) continue;
    const [, begun, , , , , sent] = M.stage_instants(own, k);
    if (begun < started - 1e-9 && sent > arrived + 1e-9) others.push(own.microbatch[k]);
  }
  return others.length ? `the stage was busy with microbatch ${others.join(', ')}` : 'the stage had no room yet, or other work';
};
// What a result waited for: the next stage takes up a microbatch, and its credit comes back.
M.blocked_for = (gantt, row, i, instant) => {
  const next = gantt.rows.findIndex((each) => each.kind === 'stage' && each.stage === gantt.rows[row].stage + 1);
  if (next < 0) return 'for room at the sink';
  const until = M.stage_instants(gantt.stage, i)[instant];
  let latest = -1;
  for (let k = gantt.stage.range[next][0]; k < gantt.stage.range[next][1]; k++) {
    if (M.stage_instants(gantt.stage, k)[1] <= until + 1e-9) latest = k;
  }
  const name = `stage ${gantt.rows[next].stage}`;
  return latest < 0 ? `for room at ${name}` : `for room at ${name}, which took up microbatch ${gantt.stage.microbatch[latest]} at ${
    M.digits(M.stage_instants(gantt.stage, latest)[1], 7)} s`;
};
M.queued_for = (gantt, row, i) => {
  const own = gantt.link;
  const [submitted, on_wire] = M.link_instants(own, i);
  const others = [];
  for (let k = own.range[row][0]; k < own.range[row][1] && others.length < 6; k++) {
    const [, begun, off] = M.link_instants(own, k);
    if (k !== i && begun < on_wire - 1e-9 && off > submitted + 1e-9) others.push(own.microbatch[k]);
  }
  return others.length ? `behind microbatch ${others.join(', ')}` : 'behind other traffic';
};

M.describe_stage = (gantt, row, i) => {
  const own = gantt.stage;
  const parts = M.STAGE_PARTS.filter((part) => own[part][i] > 0).map((part) => {
    const why = part === 'wait' ? `: ${M.waited_for(gantt, row, i)}` : part === 'blocked' ? ` ${M.blocked_for(gantt, row, i, 4)}`
      : part === 'send' ? ` ${M.blocked_for(gantt, row, i, 6)}` : '';
    return `${{wait: 'input waited', send: 'waited to be sent'}[part] || part} ${M.seconds(own[part][i])}${why}`;
  });
  return [`microbatch ${own.microbatch[i]} on ${gantt.rows[row].name}`, `begun at ${M.digits(M.stage_instants(own, i)[1], 8)} s`, ...parts,
    `result ${M.bytes(own.bytes[i])}, ${own.bits[i]} bits per value`].join('\n');
};
M.describe_link = (gantt, row, i) => {
  const own = gantt.link;
  const rate = own.wire[i] > 0 ? `, ${M.digits(own.bytes[i] * 8e-6 / own.wire[i])} Mbit/s` : '';
  return [`microbatch ${own.microbatch[i]} on ${gantt.rows[row].name}`, `submitted at ${M.digits(own.submitted[i], 8)} s`,
    ...(own.queued[i] > 0 ? [`queued ${M.seconds(own.queued[i])}, ${M.queued_for(gantt, row, i)}`] : []),
    `on the wire ${M.seconds(own.wire[i])} (${M.bytes(own.bytes[i])}${rate})`, `propagation ${M.seconds(own.propagation[i])}`].join('\n');
};

M.tint = (colour, other, share) => {
  const mixed = [1, 3, 5].map((at) => Math.round((1 - share) * parseInt(colour.slice(at, at + 2), 16)
    + share * parseInt(other.slice(at, at + 2), 16)).toString(16).padStart(2, '0'));
  return `#${mixed.join('')}`;
};

M.gantt = (place, run) => {
  const gantt = run.unpacked;
  const height = M.MARGIN.top + M.MARGIN.bottom + M.ROW * gantt.rows.length;
  const {canvas, chart, begin} = M.canvas(height, `Gantt chart of ${gantt.rows.length} stages and links. Arrow keys pan, + and - zoom, ` +
    '0 shows all, comma and full stop choose the microbatch before and after.');
  const note = M.el('p', {class: 'small quiet', role: 'status'});
  const jumps = M.el('div', {class: 'row', role: 'group', 'aria-label': 'windows with every microbatch'});
  for (const [a, b, why] of gantt.whole ? [] : gantt.windows.slice(0, 40)) {
    jumps.append(M.el('button', {type: 'button', onclick: () => M.zoom_to(a, b)}, why));
  }
  place.append(chart, note, jumps);
  const paint = () => {
    const {pen, width} = begin();
    M.time_ticks(pen, width, height);
    const [from, to] = M.axis.view;
    const per_pixel = (to - from) / (width - M.MARGIN.left - M.MARGIN.right);
    const inside = gantt.whole || gantt.windows.some(([a, b]) => a < to && b > from && b - a > 25 * per_pixel);
    let bars = 0;
    pen.fillStyle = M.css('--ink');
    for (const [a, b] of gantt.whole ? [] : gantt.windows) pen.fillRect(M.x_of(a, width), 1, Math.max(2, (b - a) / per_pixel), 4);
    gantt.rows.forEach((row, at) => {
      const top = M.MARGIN.top + at * M.ROW;
      if (row.kind === 'stage') {
        pen.fillStyle = M.css('--panel');
        pen.fillRect(M.MARGIN.left, top, width - M.MARGIN.left - M.MARGIN.right, M.ROW);
      }
      pen.save();
      pen.beginPath();
      pen.rect(M.MARGIN.left, top, width - M.MARGIN.left - M.MARGIN.right, M.ROW);
      pen.clip();
      const overview = !gantt.whole || per_pixel * 2 > run.duration / 2048;
      if (overview) paint_density(pen, row, at, top, width, inside && !gantt.whole);
      if (inside && (!overview || !gantt.whole)) bars += paint_bars(pen, row, at, top, width, per_pixel);
      pen.restore();
      pen.fillStyle = row.kind === 'stage' ? M.css('--ink') : M.css('--quiet');
      pen.textAlign = 'right';
      pen.textBaseline = 'middle';
      pen.fillText(row.short, M.MARGIN.left - 6, top + M.ROW / 2);
    });
    M.brush_shade(pen, width, height);
    M.cursor_line(pen, width, height);
    const say = bars ? 'Boxes: decoding, computing, encoding; on links the time on the wire. Lines: waiting and propagation.'
      : gantt.whole ? 'How busy each row was. Zoom in to see microbatches.'
        : 'How busy each row was. Microbatches are kept in the parts marked above the chart only; choose one:';
    if (note.textContent !== say) note.textContent = say;
  };
  const paint_density = (pen, row, at, top, width, beside) => {
    const bins = gantt.density[at];
    const each = run.duration / bins.length;
    const first = Math.max(0, Math.floor(M.axis.view[0] / each));
    const last = Math.min(bins.length - 1, Math.floor(M.axis.view[1] / each));
    pen.fillStyle = M.colour(row.colour);
    const x0 = M.x_of(0, width), dx = M.x_of(each, width) - x0;
    for (let i = first; i <= last; i++) {
      if (!bins[i] || (beside && gantt.windows.some(([a, b]) => a <= i * each && (i + 1) * each <= b))) continue;
      const tall = (M.ROW - 6) * bins[i] / 255;
      pen.globalAlpha = 0.55;
      pen.fillRect(x0 + i * dx, top + M.ROW - 3 - tall, Math.max(1, dx), tall);
    }
    pen.globalAlpha = 1;
  };
  const paint_bars = (pen, row, at, top, width, per_pixel) => {
    const own = gantt[row.kind];
    const [first, end] = own.range[at];
    const base = M.colour(row.colour);
    const paper = M.css('--paper'), ink = M.css('--ink'), wait = M.css('--busy');
    let count = 0;
    for (let i = first; i < end; i++) {
      const instants = row.kind === 'stage' ? M.stage_instants(own, i) : M.link_instants(own, i);
      if (instants[0] > M.axis.view[1] || instants[instants.length - 1] < M.axis.view[0]) continue;
      const chosen = own.microbatch[i] === run.chosen;
      const x = instants.map((instant) => M.x_of(instant, width));
      const boxes = row.kind === 'stage' ? [[1, 2, M.tint(base, ink, 0.3), 3], [2, 3, base, 3], [4, 5, M.tint(base, paper, 0.45), 3]]
        : [[1, 2, base, 6]];
      const lines = row.kind === 'stage' ? [[3, 4], [5, 6]] : [[0, 1], [2, 3]];
      pen.globalAlpha = run.chosen == null || chosen ? 1 : 0.45;
      pen.fillStyle = wait;
      for (const [a, b] of lines) if (x[b] - x[a] > 0.3) pen.fillRect(x[a], top + M.ROW / 2 - 1, x[b] - x[a], 2);
      for (const [a, b, colour, gap] of boxes) {
        if (instants[b] <= instants[a]) continue;
        pen.fillStyle = colour;
        const wide = Math.max(0.6, x[b] - x[a] - (x[b] - x[a] > 4 ? 1 : 0));
        const tall = (M.ROW - 2 * gap) / (row.lanes || 1);
        pen.fillRect(x[a], top + gap + tall * (row.lanes > 1 ? own.lane[i] : 0), wide, row.lanes > 1 ? tall - 0.5 : tall);
        count++;
        const text = String(own.microbatch[i]);
        if (colour === base && !(row.lanes > 1) && wide > 7 * text.length + 6) {
          pen.fillStyle = M.ink_on(base);
          pen.textAlign = 'center';
          pen.textBaseline = 'middle';
          pen.fillText(text, (Math.max(x[a], M.MARGIN.left) + Math.min(x[b], width)) / 2, top + M.ROW / 2);
        }
      }
      pen.globalAlpha = 1;
      if (chosen) {
        const [a, b] = row.kind === 'stage' ? [x[1], x[5]] : [x[1], x[2]];
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.strokeRect(a, top + 2, Math.max(2, b - a), M.ROW - 4);
        pen.lineWidth = 1;
      }
    }
    return per_pixel > 0 ? count : 0;
  };
  const hit = (x, y, width) => {
    const at = Math.floor((y - M.MARGIN.top) / M.ROW);
    const row = gantt.rows[at];
    if (!row) return null;
    const time = M.time_of(x, width), near = 3 * (M.axis.view[1] - M.axis.view[0]) / width;
    const own = gantt[row.kind];
    let best = null;
    for (let i = own.range[at][0]; i < own.range[at][1]; i++) {
      const instants = row.kind === 'stage' ? M.stage_instants(own, i) : M.link_instants(own, i);
      const begin = row.kind === 'stage' ? instants[1] : instants[0], end = instants[instants.length - 1];
      if (begin - near > time || end + near < time) continue;
      const away = Math.max(0, begin - time, time - end);
      if (!best || away < best.away) best = {at, row, i, away};
    }
    return best;
  };
  M.painters.push(paint);
  M.time_gestures({canvas}, (event, x, y, width) => {
    const found = hit(x, y, width);
    if (found) return (found.row.kind === 'stage' ? M.describe_stage : M.describe_link)(gantt, found.at, found.i);
    const row = gantt.rows[Math.floor((y - M.MARGIN.top) / M.ROW)];
    if (!row) return '';
    const time = M.time_of(x, width), bins = gantt.density[gantt.rows.indexOf(row)];
    const share = bins[Math.min(bins.length - 1, Math.max(0, Math.floor(time / run.duration * bins.length)))] / 255;
    return `${row.name}\n${M.instant(time, M.axis.view[1] - M.axis.view[0])}\nbusy around here: ${M.percent(share)}`;
  }, (event, x, y, width) => {
    const found = hit(x, y, width);
    if (found) M.choose(run, gantt[found.row.kind].microbatch[found.i]);
  });
  canvas.addEventListener('keydown', (event) => {
    const step = {',': -1, '.': 1}[event.key];
    if (!step) return;
    event.preventDefault();
    M.step_microbatch(run, step);
  });
};
