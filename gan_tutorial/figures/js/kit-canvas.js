// kit-canvas.js: paints the marks of one plot, each frame only what has to be. Marks that have kept still for a while are on a
// lower canvas, as far as they lie below all that move; words are set once and then copied.

const CALM = 6; // paints without a change after which a mark counts as still
const HALO = 4; // pixels around a label, in the colour of the page

function fontOf(style, kind) {
  const [weight, size] = TEXT_STYLES[style];
  if (kind === "italic") return `italic ${weight} ${hundredths(1.08 * size)}px Georgia, "Times New Roman", serif`;
  return `${weight} ${kind === "plain" ? size : 0.75 * size}px system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif`;
}

class CanvasSurface {
  constructor(figure, box) {
    this.figure = figure;
    const sheet = () => htmlNode("canvas", { class: "gan-canvas", "aria-hidden": "true" }, box).getContext("2d");
    this.still = sheet();
    this.moving = sheet();
    this.layers = Object.fromEntries(LAYERS.map((layer) => [layer, []]));
    this.settings = new Map(); // words as they are set: where their pieces lie and, once they have come back, their picture
  }

  resize(width, height, margin) {
    Object.assign(this, { width, height, margin });
    this.figure.queuePaint(this);
  }

  clearAxes() {
    this.layers.axes = [];
    this.figure.queuePaint(this);
  }

  // Forget what was painted: colours or the size of a pixel have changed.
  paintAnew() {
    this.stillCount = null;
    this.settings.clear();
    this.figure.queuePaint(this);
  }

  add(layer, style, mark) {
    Object.assign(mark, style, { layer, visible: true, calm: 0 });
    this.layers[layer].push(mark);
    const change = (values) => {
      if (Object.keys(values).every((key) => values[key] === mark[key])) return;
      Object.assign(mark, values, { calm: 0 });
      this.figure.queuePaint(this);
    };
    return { mark, change, show: (visible) => change({ visible }) };
  }

  path(layer, style) {
    const { mark, change, show } = this.add(layer, style, { path: null, dashes: style.dash ? style.dash.split(" ").map(Number) : [] });
    const set = (path) => {
      if (!path.equals(mark.path)) change({ path, drawn: path.forCanvas() });
    };
    return { set, show };
  }

  text(layer, style) {
    const { change, show } = this.add(layer, style, { words: "" });
    return { set: (words, x, y, anchor) => change({ words, x, y, anchor }), show };
  }

  paint(scale) {
    const marks = LAYERS.flatMap((layer) => this.layers[layer]);
    const leading = (paints) => {
      const first = marks.findIndex(({ calm }) => calm < paints);
      return first < 0 ? marks.length : first;
    };
    const stillCount = Math.max(leading(CALM), Math.min(this.stillCount, leading(1)));
    const resized = this.fit(scale);
    if (resized || stillCount !== this.stillCount) this.paintOn(this.still, marks.slice(0, stillCount));
    this.paintOn(this.moving, marks.slice(stillCount));
    this.stillCount = stillCount;
    for (const mark of marks) mark.calm++;
  }

  // Give both canvases the size of the plot in device pixels; true if they had another.
  fit(scale) {
    const [across, down] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    const { canvas } = this.still;
    if (canvas.width === across && canvas.height === down && this.scale === scale) return false;
    for (const context of [this.still, this.moving]) Object.assign(context.canvas, { width: across, height: down });
    if (this.scale !== scale) this.settings.clear(); // their pictures have the old pixels
    this.scale = scale;
    return true;
  }

  paintOn(context, marks) {
    const { width, height, margin, scale } = this;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    for (const layer of LAYERS) {
      context.save();
      if (layer !== "axes") context.translate(margin.left, margin.top);
      if (layer === "area") {
        context.beginPath();
        context.rect(0, 0, width - margin.left - margin.right, height - margin.top - margin.bottom);
        context.clip();
      }
      for (const mark of marks) if (mark.layer === layer && mark.visible) this.paintMark(context, mark);
      context.restore();
    }
  }

  paintMark(context, mark) {
    context.globalAlpha = mark.opacity ?? 1;
    if (mark.words) this.paintText(context, mark);
    else if (mark.drawn) this.paintPath(context, mark);
  }

  paintPath(context, { drawn, fill, stroke, width = 1, dashes }) {
    if (fill) {
      context.fillStyle = this.figure.color(fill);
      context.fill(drawn);
    }
    if (!stroke) return;
    context.strokeStyle = this.figure.color(stroke);
    context.lineWidth = width;
    context.lineCap = dashes.length ? "butt" : "round";
    context.setLineDash(dashes);
    context.stroke(drawn);
  }

  paintText(context, { words, x, y, anchor, color, style, layer }) {
    const setting = this.settingOf(words, color, style);
    const left = x - (anchor === "end" ? setting.width : anchor === "middle" ? setting.width / 2 : 0);
    if (setting.uses++ === 0) return this.setType(context, setting, left, y); // words that count may never come back
    const { margin, scale } = this;
    const picture = (setting.picture ??= this.pictureOf(setting));
    const [right, down] = layer === "axes" ? [0, 0] : [margin.left, margin.top];
    const whole = (place, origin) => Math.round((place + origin) * scale) / scale - origin; // on whole pixels it stays sharp
    const [px, py] = [whole(left - setting.room, right), whole(y - setting.rise, down)];
    context.drawImage(picture, px, py, picture.width / scale, picture.height / scale);
  }

  settingOf(words, color, style) {
    const key = `${color}\n${style}\n${words}`;
    if (!this.settings.has(key)) {
      if (this.settings.size > 500) this.settings.clear();
      this.settings.set(key, this.measure(words, color, style));
    }
    return this.settings.get(key);
  }

  measure(words, color, style) {
    let width = 0;
    const pieces = textSegments(words).map(([text, kind]) => {
      const font = fontOf(style, kind);
      this.moving.font = font;
      const at = width;
      width += this.moving.measureText(text).width;
      return { text, font, at, shift: SHIFTS[kind] ?? 0 };
    });
    const size = TEXT_STYLES[style][1];
    return { pieces, width, color, haloed: style === "label", room: HALO, rise: 1.5 * size, fall: size, uses: 0 };
  }

  pictureOf(setting) {
    const width = Math.ceil((setting.width + 2 * setting.room) * this.scale);
    const height = Math.ceil((setting.rise + setting.fall) * this.scale);
    const modern = typeof OffscreenCanvas === "function";
    const sheet = modern ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
    const context = sheet.getContext("2d");
    context.scale(this.scale, this.scale);
    this.setType(context, setting, setting.room, setting.rise);
    return modern ? sheet.transferToImageBitmap() : sheet;
  }

  // A label has a halo, so that it can be read where it crosses a curve.
  setType(context, { pieces, color, haloed }, left, y) {
    if (haloed) {
      Object.assign(context, { strokeStyle: this.figure.color("paper"), lineWidth: HALO, lineJoin: "round" });
      context.setLineDash([]);
      for (const { text, font, at, shift } of pieces) {
        context.font = font;
        context.strokeText(text, left + at, y + shift);
      }
    }
    context.fillStyle = this.figure.color(color);
    for (const { text, font, at, shift } of pieces) {
      context.font = font;
      context.fillText(text, left + at, y + shift);
    }
  }
}
