// Lines between cells of different label: marching squares between the cells' centres, smoothed, chained into polylines.
// Result: an array of Float32Array [x0, y0, x1, y1, ...] in units of the panel, origin at the lower left.

function borders(labels, side) {
  const graph = { at: new Map(), x: [], y: [], next: [] };
  for (let row = 0; row + 1 < side; row++) {
    for (let col = 0; col + 1 < side; col++) joinSquare(graph, labels, side, row, col);
  }
  smoothVertices(graph, 8);
  return chains(graph).map((chain) => {
    const line = new Float32Array(chain.length * 2);
    chain.forEach((v, i) => {
      line[2 * i] = graph.x[v] / side;
      line[2 * i + 1] = graph.y[v] / side;
    });
    return line;
  });
}

function vertex(graph, id, x, y) {
  if (!graph.at.has(id)) {
    graph.at.set(id, graph.x.length);
    graph.x.push(x);
    graph.y.push(y);
    graph.next.push([]);
  }
  return graph.at.get(id);
}

// The square between four neighbouring centres: two crossings are joined, three or four meet in the middle.
function joinSquare(graph, labels, side, row, col) {
  const a = row * side + col;
  const [sw, se, nw, ne] = [labels[a], labels[a + 1], labels[a + side], labels[a + side + 1]];
  if (sw === se && sw === nw && sw === ne) return;
  const x = col + 0.5;
  const y = row + 0.5;
  const crossings = [];
  if (sw !== se) crossings.push(vertex(graph, 3 * a, x + 0.5, y));
  if (nw !== ne) crossings.push(vertex(graph, 3 * (a + side), x + 0.5, y + 1));
  if (sw !== nw) crossings.push(vertex(graph, 3 * a + 1, x, y + 0.5));
  if (se !== ne) crossings.push(vertex(graph, 3 * (a + 1) + 1, x + 1, y + 0.5));
  if (crossings.length === 2) link(graph, crossings[0], crossings[1]);
  else {
    const middle = vertex(graph, 3 * a + 2, x + 0.5, y + 0.5);
    for (const crossing of crossings) link(graph, crossing, middle);
  }
}

function link(graph, a, b) {
  graph.next[a].push(b);
  graph.next[b].push(a);
}

function smoothVertices(graph, passes) {
  for (let pass = 0; pass < passes; pass++) {
    const x = graph.x.slice();
    const y = graph.y.slice();
    graph.next.forEach(([a, b, c], v) => {
      if (b === undefined || c !== undefined) return; // ends and junctions stay
      graph.x[v] = (x[a] + 2 * x[v] + x[b]) / 4;
      graph.y[v] = (y[a] + 2 * y[v] + y[b]) / 4;
    });
  }
}

// A dash pattern restarts with every path, so segments are strung together: from ends and junctions first, then loops.
function chains(graph) {
  const used = new Set();
  const edge = (a, b) => (a < b ? a * graph.x.length + b : b * graph.x.length + a);
  const result = [];
  const walk = (start, second) => {
    const chain = [start];
    for (let from = start, to = second; to !== undefined; ) {
      used.add(edge(from, to));
      chain.push(to);
      const here = to;
      to = graph.next[here].length === 2 ? graph.next[here].find((v) => !used.has(edge(here, v))) : undefined;
      from = here;
    }
    result.push(chain);
  };
  for (const loops of [false, true]) {
    graph.next.forEach((others, v) => {
      if (loops === (others.length === 2)) for (const other of others) if (!used.has(edge(v, other))) walk(v, other);
    });
  }
  return result;
}
