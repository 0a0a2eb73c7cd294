/**
 * All that the page does by itself: it asks for its middle part again every five seconds while it is seen, unless it was told to
 * pause. What comes is HTML that the relay escaped; nothing is made of values here.
 */
export const SCRIPT = `
(() => {
  const main = document.querySelector("main");
  const away = document.getElementById("away");
  const pause = document.getElementById("pause");
  let isPaused = false;
  const refresh = async () => {
    if (isPaused || document.hidden) return;
    try {
      const answer = await fetch("?part=main", { signal: AbortSignal.timeout(4000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (isPaused) return;
      main.innerHTML = text;
      document.title = main.querySelector(".badge").textContent + " · outbox-relay";
      away.hidden = true;
    } catch {
      away.hidden = false;
    }
  };
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Resume updates" : "Pause updates";
    refresh();
  });
  document.addEventListener("visibilitychange", refresh);
  setInterval(refresh, 5000);
})();
`;
