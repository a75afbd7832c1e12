/** What no rule of accessibility sees: sideways scroll, cut labels, text beside its drawing. */

import type { Page } from "playwright-core";

/** A sentence for each thing that does not fit. */
export function findMisfits(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const misfits: string[] = [];
    const name = (element: Element): string =>
      `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> ${(element.textContent ?? "").trim().slice(0, 40)}`;
    const scrolls = (element: Element): boolean => {
      const { parentElement: parent } = element;
      if (!parent) return false;
      return ["auto", "scroll"].includes(getComputedStyle(parent).overflowX) || scrolls(parent);
    };
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) misfits.push(`the page is ${scrollWidth} px wide`);

    for (const element of document.body.querySelectorAll<HTMLElement>("*")) {
      if (element instanceof SVGElement || element.checkVisibility?.() === false) continue;
      const style = getComputedStyle(element);
      const { right, width, height } = element.getBoundingClientRect();
      // What is there for screen readers alone is one pixel wide on purpose.
      if (width <= 1 || style.clipPath !== "none") continue;
      if (!scrolls(element) && right > clientWidth + 1)
        misfits.push(`beyond the edge: ${name(element)}`);
      // A word or two under each other, letter by letter.
      const isSqueezed = element.innerText.trim().length > 8 && width < 60 && height > 3 * width;
      if (isSqueezed) misfits.push(`squeezed: ${name(element)}`);
      const hides = (overflow: string): boolean => ["hidden", "clip"].includes(overflow);
      const isCut =
        (hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1) ||
        (hides(style.overflowY) && element.scrollHeight > element.clientHeight + 2);
      // What is cut on purpose says the whole when it is pointed at.
      if (isCut && !element.closest("[title]")) misfits.push(`cut: ${name(element)}`);
    }
    for (const text of document.querySelectorAll<SVGTextElement>("svg text")) {
      const { viewBox, width, height } = text.ownerSVGElement ?? {};
      const box = viewBox?.baseVal;
      const [wide, high] = box?.width
        ? [box.width, box.height]
        : [width?.baseVal.value ?? 0, height?.baseVal.value ?? 0];
      const { x, y, width: across, height: down } = text.getBBox();
      const [left, top] = [box?.x ?? 0, box?.y ?? 0];
      const fits =
        x >= left - 1 &&
        y >= top - 1 &&
        x + across <= left + wide + 1 &&
        y + down <= top + high + 1;
      if (!fits) misfits.push(`outside its drawing: ${name(text)}`);
    }
    return misfits;
  });
}
