import { render } from "preact";
import { App } from "./app";
import "./styles/main.scss";

const page = document.getElementById("page");
if (page !== null) {
  page.replaceChildren();
  render(<App />, page);
}
