# The product's image: web, worker and beat are the same image with another command (docker-compose.yml).

FROM node:24-slim AS pages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build

FROM python:3.11-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY bin/uv.lock requirements.lock ./
RUN pip install --require-hashes --requirement uv.lock \
    && uv pip install --system --no-cache --require-hashes --requirement requirements.lock
COPY . .
COPY --from=pages /app/omni/static/dist omni/static/dist
ENV DJANGO_SETTINGS_MODULE=omni.settings OMNI_COLLECTED_STATIC=1 \
    OMNI_MEDIA_ROOT=/var/lib/omni/media OMNI_PRIVATE_ROOT=/var/lib/omni/private
RUN SECRET_KEY=only-to-collect-files python manage.py collectstatic --no-input --verbosity 0 \
    && useradd --system --home-dir /var/lib/omni --create-home omni \
    && install --directory --owner omni /var/lib/omni/media /var/lib/omni/private /run/providers
USER omni
EXPOSE 8000
CMD ["gunicorn", "omni.wsgi", "--bind", "0.0.0.0:8000", "--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"]
