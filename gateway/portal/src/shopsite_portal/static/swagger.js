SwaggerUIBundle({
  url: "/api/schema/",
  dom_id: "#reference",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
