"use strict";

// Swagger UI over the gateway's own document. Logging in authorises; each POST gets a key of its own.
const LOGINS = ["/v1/sessions", "/v1/sessions/refresh"];

function withKey(request) {
  if (request.method === "POST" && !request.headers["Idempotency-Key"]) {
    request.headers["Idempotency-Key"] = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2);
  }
  return request;
}

function withToken(response) {
  if (response.ok && LOGINS.includes(new URL(response.url, location.href).pathname)) {
    window.ui.preauthorizeApiKey("bearer", JSON.parse(response.text).access_token);
  }
  return response;
}

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: withKey,
  responseInterceptor: withToken,
});
