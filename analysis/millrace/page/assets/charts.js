// Latency, attribution, and the network with its loads.
M.cdf = (place, runs) => {
  const height = 300;
  const {canvas, chart, begin} = M.canvas(height, 'Cumulative distribution of latency of: ' + runs.map((run) => run.label).join(', '));
  let log = false;
  const curves = runs.map((run) => ({run, v: M.array(run.latency.v), p: M.array(run.latency.p)})).filter((curve) => curve.v.length);
  const button = M.el('button', {type: 'button', onclick: () => { log = !log; button.textContent = log ? 'linear' : 'log'; M.paint(); }}, 'log');
  const legend = M.el('div', {class: 'legend'}, button);
  const again = () => legend.replaceChildren(...curves.map(({run}) => M.el('span', {}, M.swatch(run.colour, run.dash), run.label)), button);
  again();
  M.theme_changed.push(again);
  place.append(legend, chart);
  let pointed = null;
  const bounds = () => {
    const shown = curves.filter(({run}) => M.run_shown(run.index));
    const low = Math.min(...shown.map(({v}) => v[0])), high = Math.max(...shown.map(({v}) => v[v.length - 1]));
    return log ? [Math.max(low, high / 1e5) / 1.1, high * 1.1] : [0, high * 1.03 || 1];
  };
  const x_of = (value, width, [low, high]) => M.MARGIN.left + (width - M.MARGIN.left - 14) * (log ? Math.log(Math.max(value, low) / low) / Math.log(high / low) : (value - low) / (high - low));
  const y_of = (share) => M.MARGIN.top + (height - M.MARGIN.top - 24) * (1 - share);
  M.painters.push(() => {
    const {pen, width} = begin();
    const range = bounds();
    if (!Number.isFinite(range[1])) return;
    const factor = range[1] < 1e-3 ? 1e6 : range[1] < 1 ? 1e3 : 1;
    const unit = {1000000: 'µs', 1000: 'ms', 1: 's'}[factor];
    pen.textBaseline = 'top';
    pen.textAlign = 'center';
    for (const tick of log ? M.log_ticks(range[0] * factor, range[1] * factor) : M.ticks(0, range[1] * factor, width / 110)) {
      const x = x_of(tick / factor, width, range);
      pen.fillStyle = M.css('--faint');
      pen.fillRect(Math.round(x), M.MARGIN.top, 1, y_of(0) - M.MARGIN.top);
      pen.fillStyle = M.css('--quiet');
      if (x < width - 26) pen.fillText(`${+tick.toPrecision(4)} ${unit}`, x, height - 18);
    }
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    for (const share of [0, 0.25, 0.5, 0.75, 0.95, 1]) {
      pen.fillStyle = M.css('--faint');
      pen.fillRect(M.MARGIN.left, Math.round(y_of(share)), width - M.MARGIN.left - 14, 1);
      pen.fillStyle = M.css('--quiet');
      pen.fillText(`${100 * share} %`, M.MARGIN.left - 8, y_of(share) + (share === 1 ? 2 : 0));
    }
    for (const {run, v, p} of curves) {
      if (!M.run_shown(run.index)) continue;
      pen.strokeStyle = M.colour(run.colour);
      pen.lineWidth = 2;
      pen.setLineDash(M.DASHES[run.dash % 3]);
      pen.beginPath();
      pen.moveTo(x_of(v[0], width, range), y_of(0));
      for (let i = 0; i < v.length; i++) {
        pen.lineTo(x_of(v[i], width, range), y_of(i ? p[i - 1] : 0));
        pen.lineTo(x_of(v[i], width, range), y_of(p[i]));
      }
      pen.stroke();
      pen.setLineDash([]);
      pen.lineWidth = 1;
    }
    if (pointed != null) {
      pen.fillStyle = M.css('--quiet');
      pen.fillRect(M.MARGIN.left, y_of(pointed), width - M.MARGIN.left - 14, 1);
    }
  });
  const value_at = (curve, share) => curve.v[Math.max(0, [...curve.p].findIndex((p) => p >= share - 1e-9))];
  const point = (event, share) => {
    pointed = Math.min(1, Math.max(0, share));
    if (event) M.show_tip(event, [`${M.digits(100 * pointed)} % of the microbatches within`, ...curves.filter(({run}) => M.run_shown(run.index))
      .map((curve) => `${curve.run.label}: ${M.seconds(value_at(curve, pointed), 4)}`)].join('\n'));
    M.paint();
  };
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    point(event, 1 - (event.clientY - box.top - M.MARGIN.top) / (height - M.MARGIN.top - 24));
  });
  canvas.addEventListener('pointerleave', () => { pointed = null; M.hide_tip(); M.paint(); });
  place.append(M.table([['run'], ['n', true], ...['50', '90', '95', '99', '99.9', '100'].map((p) => [`p${p}`, true])],
    runs.map((run) => [run.label, run.latency.n, ...(run.latency.quantiles || []).map((value) => M.seconds(value, 4))]), 'latency at quantiles'));
};

// A swatch and name per part, a bar per row, and the figures as text for every reader.
M.attribution = (place, rows, parts, caption) => {
  const legend = M.el('div', {class: 'legend'});
  const body = M.el('div');
  const draw = () => {
    legend.replaceChildren(...parts.map((part) => M.el('span', {}, M.swatch(`part:${part}`, 0, true), part)));
    body.replaceChildren(M.table([['', false], ['share of time', false], ...parts.map((part) => [part, true])], rows.map((row) => {
      const whole = Math.max(row.whole, parts.reduce((sum, part) => sum + (row.parts[part] || 0), 0)) || 1;
      return [M.el('b', {}, M.swatch(row.colour), row.label),
        M.el('div', {class: 'stack', 'aria-hidden': 'true'}, parts.map((part) => {
          const share = (row.parts[part] || 0) / whole, colour = M.colour(`part:${part}`);
          return M.el('span', {style: {width: `${100 * share}%`, background: colour, color: M.ink_on(colour)}}, share > 0.17 ? M.percent(share) : '');
        })), ...parts.map((part) => M.seconds(row.parts[part]))];
    }), caption));
  };
  draw();
  M.theme_changed.push(draw);
  place.append(legend, body);
};

// Devices on a ring in the order of the pipeline; a link is as wide as its load.
M.network = (place, run) => {
  const {nodes, links} = run.network;
  const wide = 760, tall = Math.max(300, Math.min(560, 90 * nodes.length));
  const holder = M.el('div');
  const where = new Map(nodes.map((node, at) => {
    const turn = 2 * Math.PI * at / nodes.length - Math.PI;
    return [node.name, {x: wide / 2 + (wide / 2 - 110) * Math.cos(turn), y: tall / 2 + (tall / 2 - 60) * Math.sin(turn)}];
  }));
  const draw = () => {
    const drawing = M.svg('svg', {viewBox: `0 0 ${wide} ${tall}`, role: 'img', 'aria-label': `network of ${nodes.length} devices; the table below has its figures`, width: '100%'});
    for (const link of links) {
      const a = where.get(link.from), b = where.get(link.to);
      if (!a || !b) continue;
      const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
      const bend = nodes.length === 2 ? 46 : 16, away = 32;
      const [ax, ay, bx, by] = [a.x + dx / length * away, a.y + dy / length * away, b.x - dx / length * (away + 8), b.y - dy / length * (away + 8)];
      const mx = (ax + bx) / 2 - dy / length * bend, my = (ay + by) / 2 + dx / length * bend;
      const colour = M.colour(link.colour), load = link.load ?? 0;
      const width = 1.5 + 9 * Math.sqrt(Math.min(1, load));
      const path = M.svg('path', {d: `M${ax} ${ay} Q${mx} ${my} ${bx} ${by}`, fill: 'none', stroke: colour, 'stroke-width': width, opacity: link.used ? 1 : 0.45});
      path.append(M.svg('title', {}, link.text));
      const angle = Math.atan2(by - my, bx - mx), s = 6 + width / 2;
      const head = M.svg('path', {fill: colour, d: `M${bx + s * Math.cos(angle)} ${by + s * Math.sin(angle)} L${bx + s * Math.cos(angle + 2.4)} ${by + s * Math.sin(angle + 2.4)} L${bx + s * Math.cos(angle - 2.4)} ${by + s * Math.sin(angle - 2.4)} Z`});
      drawing.append(path, head);
      if (link.used) drawing.append(M.svg('text', {x: (mx + (ax + bx) / 2) / 2, y: (my + (ay + by) / 2) / 2 + 4, 'text-anchor': 'middle', class: 'halo'}, link.short));
    }
    for (const node of nodes) {
      const {x, y} = where.get(node.name), colour = M.colour(node.name);
      const dot = M.svg('circle', {cx: x, cy: y, r: 20, fill: colour});
      dot.append(M.svg('title', {}, `${node.name}: ${node.text}`));
      drawing.append(dot, M.svg('text', {x, y: y + 5, 'text-anchor': 'middle', style: `fill: ${M.ink_on(colour)}; font-weight: 600`}, node.mark));
      const above = y < tall / 2 - 5;
      drawing.append(M.svg('text', {x, y: above ? y - 28 : y + 37, 'text-anchor': 'middle', class: 'halo', 'font-weight': 600}, node.name),
        M.svg('text', {x, y: above ? y - 43 : y + 52, 'text-anchor': 'middle', class: 'halo'}, node.text));
    }
    holder.replaceChildren(drawing);
  };
  draw();
  M.theme_changed.push(draw);
  place.append(holder, M.table([['link'], ['capacity, mean', true], ['carried, mean', true], ['load', true], ['activations', true], ['their bytes', true],
    ['feedback', true], ['its bytes', true], ['dropped', true], ['lost', true]], links.map((link) => [M.link_name(link.from, link.to),
    link.capacity == null ? '–' : `${M.digits(link.capacity)} Mbit/s`, link.carried == null ? '–' : `${M.digits(link.carried)} Mbit/s`, M.percent(link.load),
    link.activations ?? '–', M.bytes(link.activation_bytes), link.feedback ?? '–', M.bytes(link.feedback_bytes), link.dropped ? M.bytes(link.dropped) : '0', link.lost ? M.bytes(link.lost) : '0']), 'links and their loads'));
};
