/** The elements of the workbench. Every page is whole without them; they make it quicker to use. */
import "./beside.js";
import "./bench.js";
import "./keys.js";
import "./list.js";
import "./scrollers.js";
import "./select.js";
import "./standing.js";
