// Swagger UI has a dark theme, which the page must choose.
const dark = matchMedia("(prefers-color-scheme: dark)");
const chooseTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", chooseTheme);
chooseTheme();

SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", deepLinking: true, showCommonExtensions: true });
