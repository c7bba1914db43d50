// Shows the OpenAPI description; the validator badge would load an image from elsewhere.
const reference = document.getElementById("reference");
SwaggerUIBundle({ domNode: reference, url: reference.dataset.schema, validatorUrl: null });
