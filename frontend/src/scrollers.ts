/** A table that is wider than the page can be scrolled by keys: it takes the focus, only while it is too wide. */

const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const wide = target.scrollWidth > target.clientWidth + 1;
    const given: Readonly<Record<string, string>> = { tabindex: "0", role: "region", "aria-label": "A table that is wider than the page" };
    for (const [name, value] of Object.entries(given)) {
      if (wide) target.setAttribute(name, value);
      else target.removeAttribute(name);
    }
  }
});

for (const box of document.querySelectorAll(".scroll")) watch.observe(box);
