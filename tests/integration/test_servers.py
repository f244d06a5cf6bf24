"""The servers that the other suites rely on start, answer and stop."""

from support.servers import Gateway, Nginx, NodeExporter, Prometheus, VictoriaMetrics, http, wait_until


def test_a_gateway_reads_back_what_was_pushed(gateway):
    gateway.push('# HELP a_total Help.\n# TYPE a_total counter\na_total{x="y"} 1\nb 2.5\n', "servers", tier="db")
    group = gateway.group("servers", tier="db")
    assert group["a_total"].type == "counter"
    assert group["a_total"].help == "Help."
    assert group["a_total"].value_of(x="y") == 1
    assert group.values == {"b": 2.5}
    assert 'b{instance="",job="servers",tier="db"} 2.5' in gateway.scrape()


def test_a_gateway_is_wiped_and_comes_back_on_its_port(tmp_path):
    with Gateway(tmp_path / "gateway") as gateway:
        gateway.push("b 1\n", "servers")
        gateway.wipe()
        assert gateway.groups() == []
        url = gateway.url
        gateway.restart()
        assert gateway.url == url
        gateway.push("b 1\n", "servers")
        assert gateway.find("servers") is not None


def test_prometheus_scrapes_the_gateway(gateway, tmp_path):
    gateway.push("scraped 7\n", "scraping")
    with Prometheus(tmp_path / "prometheus", Prometheus.scraping([gateway.address])) as prometheus:
        found = wait_until(lambda: prometheus.query("scraped"), 20)
        assert found == [({"__name__": "scraped", "job": "scraping"}, 7)]
        assert prometheus.alerts() == []


def test_victoria_metrics_keeps_what_it_is_sent(tmp_path):
    with VictoriaMetrics(tmp_path / "victoria-metrics") as server:
        assert http("POST", server.url + "/api/v1/import/prometheus", b'kept{x="y"} 3\n').status == 204
        assert wait_until(lambda: server.series("kept")) == [({"__name__": "kept", "x": "y"}, [3])]


def test_node_exporter_reads_its_text_files(tmp_path):
    with NodeExporter(tmp_path / "node-exporter") as exporter:
        (exporter.textfiles / "a.prom").write_text("read_from_file 1\n")
        assert "\nread_from_file 1\n" in exporter.scrape()


def test_nginx_proxies_to_the_gateway(gateway, tmp_path):
    block = f"location /prefix/ {{ proxy_pass {gateway.url}/; }}"
    with Nginx(tmp_path / "nginx", block) as nginx:
        assert http("POST", nginx.url + "/prefix/metrics/job/proxied", b"b 1\n").status == 200
        assert gateway.group("proxied").values == {"b": 1}
        # It writes the line when the answer has gone already.
        wait_until(lambda: len(nginx.access_log()) == 1)
