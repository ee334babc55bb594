#!/usr/bin/env python3
"""Opens reports in Chromium (packages chromium, chromium-driver, python3-selenium): no console error, no
request, zoom, hover, choice, filters, print, contrast. Exit code 77, a skip, where these are missing."""

import base64
import json
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "analysis")]

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None
DRIVER, BROWSER = shutil.which("chromedriver"), shutil.which("chromium")
if webdriver is None or not DRIVER or not BROWSER:
    print("needs chromium, chromium-driver and python3-selenium, which are not all installed: skipped")
    sys.exit(77)

import synthetic_run  # noqa: E402
import test_page  # noqa: E402
from millrace.page.run_page import digests_of, page_of  # noqa: E402
from millrace.page.sweep_page import sweep_page  # noqa: E402

# Every element with text of its own, against the ground that is behind it: WCAG 2.1, 1.4.3.
CONTRAST = """
const channel = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
const poor = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.getClientRects().length) continue;
  if (element.closest('svg, script, style, noscript, .skip, :disabled')) continue;
  const colours = [parse(getComputedStyle(element).color), ground(element)];
  const [a, b] = colours.map(light).sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.push([element.tagName, element.textContent.slice(0, 30), ratio]);
}
return poor;
"""


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for word in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
        ):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        cls.browser = webdriver.Chrome(service=Service(DRIVER), options=options)
        cls.addClassCleanup(cls.browser.quit)
        cls.folder = Path(tempfile.mkdtemp(prefix="millrace-browser-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        runs = [
            synthetic_run.write(cls.folder / name, microbatches=count)
            for name, count in (("a", 60), ("b", 80))
        ]
        (cls.folder / "one.html").write_text(page_of(digests_of(runs[:1])), encoding="utf-8")
        (cls.folder / "two.html").write_text(page_of(digests_of(runs)), encoding="utf-8")

    def open(self, name):
        for kind in ("browser", "performance"):
            self.browser.get_log(kind)
        self.browser.get(f"file://{self.folder / name}")
        deadline = time.monotonic() + 30
        while self.js("return document.documentElement.dataset.ready") != "true":
            self.assertLess(time.monotonic(), deadline, "the page's script did not end")
            time.sleep(0.05)
        self.settle()

    def js(self, text, *arguments):
        return self.browser.execute_script(text, *arguments)

    def settle(self):
        self.browser.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => " "requestAnimationFrame(() => done()));"
        )

    def quiet(self):
        """No error on the console, and nothing was asked for but the page itself."""
        errors = [
            entry["message"]
            for entry in self.browser.get_log("browser")
            if entry["level"] == "SEVERE"
        ]
        self.assertEqual(errors, [])
        asked = []
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        self.assertEqual([url for url in asked if not url.startswith(("file://", "data:"))], [])

    def view(self):
        return self.js("return M.axis.view")

    def chart(self, section, number=0):
        canvas = self.browser.find_elements(By.CSS_SELECTOR, f"#{section} canvas")[number]
        self.js("arguments[0].scrollIntoView({block: 'center'})", canvas)
        return canvas

    def ink(self, canvas):
        """How many pixels of a canvas are drawn on."""
        return self.js(
            "const c = arguments[0], d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n;",
            canvas,
        )

    def test_a_run_opens_soon_and_quietly_and_every_chart_is_drawn(self):
        begun = time.monotonic()
        self.open("one.html")
        self.assertLess(time.monotonic() - begun, 10)
        for canvas in self.browser.find_elements(By.TAG_NAME, "canvas"):
            self.assertGreater(self.ink(canvas), 500, canvas.get_attribute("aria-label"))
        self.quiet()

    def test_dragging_zooms_all_charts_and_a_double_click_shows_all(self):
        self.open("one.html")
        whole = self.view()
        canvas = self.chart("time")
        ActionChains(self.browser).move_to_element_with_offset(
            canvas, -100, 0
        ).click_and_hold().move_by_offset(150, 0).release().perform()
        begin, end = self.view()
        self.assertGreater(begin, whole[0])
        self.assertLess(end - begin, 0.3 * (whole[1] - whole[0]))
        ActionChains(self.browser).double_click(canvas).perform()
        self.assertEqual(self.view(), whole)
        self.quiet()

    def test_keys_zoom_and_move(self):
        self.open("one.html")
        whole = self.view()
        canvas = self.chart("time")
        self.js("arguments[0].focus()", canvas)
        ActionChains(self.browser).send_keys("+", "+").perform()
        begin, end = self.view()
        self.assertAlmostEqual(end - begin, 0.36 * (whole[1] - whole[0]), places=6)
        ActionChains(self.browser).send_keys(Keys.ARROW_RIGHT).perform()
        self.assertGreater(self.view()[0], begin)
        ActionChains(self.browser).send_keys("0").perform()
        self.assertEqual(self.view(), whole)

    def test_pointing_at_a_bar_says_what_it_waited_for_and_a_press_follows_the_microbatch(self):
        self.open("one.html")
        instants = self.js(
            "const run = M.data.runs[0], s = run.unpacked.stage, at = s.range[3][0] + 20;"
            "M.zoom_to(M.stage_instants(s, at)[1] - 0.2, M.stage_instants(s, at)[3] + 0.2);"
            "return [...M.stage_instants(s, at), s.microbatch[at]];"
        )
        self.settle()
        canvas = self.chart("gantt")
        x = self.js(
            "return M.x_of(arguments[0], arguments[1].clientWidth)", (instants[2] + instants[3]) / 2, canvas
        )
        width, height = canvas.size["width"], canvas.size["height"]
        y = self.js("return M.MARGIN.top + 3.5 * M.ROW")
        ActionChains(self.browser).move_to_element_with_offset(
            canvas, round(x - width / 2), round(y - height / 2)
        ).perform()
        said = self.js("return M.tip.textContent")
        self.assertIn(f"microbatch {instants[-1]} on stage 2", said)
        self.assertIn("compute", said)
        ActionChains(self.browser).click().perform()
        self.assertEqual(self.js("return M.data.runs[0].chosen"), instants[-1])
        self.assertIn(
            f"critical path of microbatch {instants[-1]}",
            self.js("return document.querySelector('#path .scroll').ariaLabel"),
        )

    def test_a_critical_path_sums_to_the_latency(self):
        self.open("one.html")
        for microbatch in (0, 7, 59):
            path, latency = self.js(
                "const run = M.data.runs[0], path = M.path_of(run, arguments[0]);"
                "return [path.map((step) => [step.begin, step.end]),"
                "run.microbatches.get(arguments[0]).latency];",
                microbatch,
            )
            self.assertAlmostEqual(sum(end - begin for begin, end in path), latency, delta=1e-5 * latency)
            for (_, end), (begin, _) in zip(path, path[1:]):
                self.assertAlmostEqual(end, begin, places=6)

    def test_two_runs_can_be_shown_and_hidden(self):
        self.open("two.html")
        canvas = self.chart("time")
        both = self.ink(canvas)
        box = self.browser.find_elements(By.CSS_SELECTOR, "#summary input[type=checkbox]")[1]
        self.js("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
        self.settle()
        self.assertLess(self.ink(canvas), both)
        self.assertIn("microbatches", self.browser.find_element(By.ID, "differences").text)
        self.browser.find_element(By.CSS_SELECTOR, "#gantt select").send_keys("b")
        self.settle()
        self.quiet()

    def test_text_stands_out_in_both_themes_and_the_page_fits_a_phone(self):
        for name in ("one.html", "two.html"):
            self.open(name)
            self.assertEqual(self.js(CONTRAST), [])
            self.js("document.documentElement.dataset.theme = 'dark'; M.repaint();")
            self.assertEqual(self.js(CONTRAST), [])
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 380, "height": 800, "deviceScaleFactor": 2, "mobile": True},
        )
        self.addCleanup(self.browser.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.open("one.html")
        self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 380)

    def test_prints(self):
        self.open("one.html")
        printed = base64.b64decode(self.browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
        self.assertTrue(printed.startswith(b"%PDF"))
        self.assertGreater(len(printed), 50_000)

    def test_a_sweep_of_ten_thousand_cells_is_filtered_without_a_pause(self):
        case = test_page.Sweeps()
        case.folder = self.folder
        (self.folder / "sweep.sqlite").unlink(missing_ok=True)
        case.write(
            [
                (rate, seed, [rate * 10 + seed, seed, 0.5 + seed / 300])
                for rate in range(1, 101)
                for seed in range(100)
            ]
        )
        (self.folder / "sweep.html").write_text(
            sweep_page(self.folder, self.folder / "sweep.html"), encoding="utf-8"
        )
        self.open("sweep.html")
        for canvas in self.browser.find_elements(By.TAG_NAME, "canvas"):
            self.assertGreater(self.ink(canvas), 500)
        canvas = self.chart("parallel")
        width = canvas.size["width"]
        self.js(
            "window.worst = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => "
            "{ worst = Math.max(worst, entry.duration); })).observe({entryTypes: ['longtask']});"
        )
        ActionChains(self.browser).move_to_element_with_offset(
            canvas, 60 - width // 2, 0
        ).click_and_hold().move_by_offset(0, 60).release().perform()
        time.sleep(1)  # the lines are drawn over several frames
        kept = int(self.browser.find_element(By.CSS_SELECTOR, "#parallel [role=status]").text.split()[0])
        self.assertTrue(0 < kept < 10_000, kept)
        self.browser.find_element(By.CSS_SELECTOR, "#cells tbody tr").click()
        self.assertEqual(self.js(CONTRAST), [])
        self.quiet()
        self.assertLess(self.js("return worst"), 1000)  # 200 ms where nothing else runs


if __name__ == "__main__":
    unittest.main()
