/* What can be measured of a page's accessibility; answers a list of faults in words. */
window.audit = () => {
  const faults = [];
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const ground = (element) => {
    if (element === null) return rgba(getComputedStyle(document.body).backgroundColor);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  // WCAG 2.2: relative luminance and contrast ratio.
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const name = (element) => `<${element.tagName.toLowerCase()} id="${element.id}" class="${element.className}">`;
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const hiddenText = (element) => element.closest(".visually-hidden") !== null;
  const inactive = (element) => element.closest("[aria-disabled=true], :disabled") !== null;

  for (const element of document.querySelectorAll("body *")) {
    if (!visible(element) || hiddenText(element) || inactive(element)) continue;
    const speaks = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!speaks || element.closest(".screen, option, script")) continue;
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const behind = ground(element);
    const contrast = ratio(over(rgba(style.color), behind), behind);
    if (contrast < (large ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)} of ${name(element)}`);
  }
  for (const element of document.querySelectorAll("button, select, input, summary, a")) {
    if (!visible(element) || element.closest("p.prose, td, .contents, li p")) continue;
    const inText = element.tagName === "A" && getComputedStyle(element).display === "inline";
    const { width, height } = element.getBoundingClientRect();
    if (!inText && (width < 44 || height < 44)) faults.push(`target ${width}×${height} of ${name(element)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) faults.push(`id ${id} is there twice`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(/\s+/)) {
        if (!document.getElementById(id)) faults.push(`${attribute} of ${name(element)} leads nowhere`);
      }
    }
  }
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(visible).map((h) => Number(h.tagName[1]));
  if (headings.filter((level) => level === 1).length !== 1) faults.push(`headings of the first level: ${headings}`);
  headings.reduce((before, level) => {
    if (level > before + 1) faults.push(`heading level ${level} follows ${before}`);
    return level;
  }, 0);
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) faults.push(`wider than the window: ${width} of ${innerWidth}`);
  if (document.getAnimations().some((one) => one.playState === "running")) faults.push("something moves");
  return faults;
};
