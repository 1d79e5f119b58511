// What a deck does by itself: find the size of its words, count hands, play moving pictures.
(() => {
  "use strict";
  const SMALLEST = 17, LARGEST = 28;

  const over = (slide) => slide.scrollHeight > slide.clientHeight || slide.scrollWidth > slide.clientWidth;

  // A formula wider than its place is set smaller; then the words of a slide that is too full.
  function fit() {
    document.body.classList.add("measuring");
    for (const slide of document.querySelectorAll(".slides section")) {
      const body = slide.querySelector(".body");
      for (let size = LARGEST; size >= SMALLEST; size -= 1) {
        body.style.fontSize = `${size}px`;
        for (const formula of slide.querySelectorAll(".body .formula")) {
          formula.style.fontSize = "";
          const drawn = formula.querySelector("svg");
          const room = formula.clientWidth / drawn.getBoundingClientRect().width;
          if (room < 1) formula.style.fontSize = `${Math.floor(100 * room)}%`;
        }
        if (!over(slide)) break;
      }
    }
    document.body.classList.remove("measuring");
  }

  // The speaker's window has not the style that hides a formula's second form, and is narrow.
  function forTheSpeaker() {
    for (const spoken of document.querySelectorAll("aside mjx-assistive-mml")) spoken.remove();
    for (const drawn of document.querySelectorAll("aside mjx-container svg")) drawn.style.maxWidth = "100%";
  }

  const hands = (slide) => (slide ? [...slide.querySelectorAll(".hand")] : []);

  function count(slide, index) {
    const buttons = hands(slide);
    if (index >= buttons.length) return;
    const counts = buttons.map((b, k) => (index < 0 ? 0 : Number(b.querySelector("output").value) + (k === index ? 1 : 0)));
    const most = Math.max(1, ...counts);
    buttons.forEach((button, k) => {
      button.querySelector("output").value = counts[k];
      button.querySelector("i").style.width = `${(100 * counts[k]) / most}%`;
    });
  }

  function play(image, on) {
    image.src = on ? `${image.dataset.moving}#${Date.now()}` : image.dataset.still;
    const button = image.parentElement.querySelector(".play");
    button.textContent = on ? "■ Still" : "▶ Play";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".hand")) {
      const slide = button.closest("section");
      count(slide, hands(slide).indexOf(button));
    } else if (button.matches(".play")) {
      const image = button.closest("figure").querySelector("img");
      play(image, button.textContent.startsWith("▶"));
    }
    button.blur(); // so that the space bar goes on to the next slide
  });

  document.addEventListener("keydown", (event) => {
    if (!/^[0-9]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    count(Reveal.getCurrentSlide(), Number(event.key) - 1);
  });

  MathJax.startup.promise.then(() => document.fonts.ready).then(() => {
    fit();
    forTheSpeaker();
    return Reveal.initialize({
      width: 1280, height: 720, margin: 0.02, center: false, display: "flex", hash: true, slideNumber: "c/t",
      transition: "none", backgroundTransition: "none", pdfSeparateFragments: false, plugins: [RevealNotes],
    });
  }).then(() => {
    Reveal.on("slidechanged", (event) => {
      for (const image of event.previousSlide?.querySelectorAll("img[data-moving]") ?? []) play(image, false);
    });
    document.body.dataset.ready = "yes";
  });
})();
