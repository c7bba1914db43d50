"""The page of a product as a shopper reads it, its drawings, and the codes on its labels."""

import json
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory.models import Price, Product, SizeChart, StockLevel, Variant
from inventory.views.drawings import GARMENTS
from stores.models import Brand, Store
from tests.cast import NOON, World
from tests.factories.inventory import CategoryFactory, CollectionFactory, MediaFactory, ProductFactory, VariantFactory
from tests.inventory.test_views import PRODUCT, forget, make_products, page, remember_place

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    forget()


@pytest.fixture
def shopper() -> Client:
    """Return a browser that reads English."""
    return Client(headers={"accept-language": "en"})


def near(text: str) -> str:
    """Return the part of the page that tells where the chosen size is."""
    return text[text.index('id="near-stores"') : text.index('class="about"')]


# Pictures and words


def test_gallery_shows_each_picture_of_the_color(world: World, shopper: Client) -> None:
    for position, kind in enumerate(("front", "figure", "back", "detail")):
        drawing = f"shirt.stripe.{kind}"
        MediaFactory.create(product=world.product, kind=kind, position=position, drawing=drawing)
    text = page(shopper, PRODUCT)
    assert re.findall(r'<figure class="gallery-view" id="(.*?)"><img src="(.*?)"', text) == [
        (f"view-{number}", f"/garments/shirt.stripe.{kind}/ffffff.svg")
        for number, kind in enumerate(("front", "figure", "back", "detail"), start=1)
    ]
    assert 'alt="Silk shirt, White: Fabric in detail"' in text
    for address in re.findall(r"/garments/[^\"]+", text):
        assert shopper.get(address).status_code == 200


def test_gallery_shows_stored_files_from_where_they_are_kept(world: World, shopper: Client) -> None:
    MediaFactory.create(product=world.product, drawing="", file="products/2026/03/shirt.jpg")
    assert 'src="/pictures/products/2026/03/shirt.jpg"' in page(shopper, PRODUCT)


@pytest.mark.parametrize("shape", sorted(GARMENTS))
def test_every_garment_has_four_views_that_differ(shopper: Client, shape: str) -> None:
    views = [shopper.get(f"/garments/{shape}.{view}/8a6d4f.svg") for view in ("front", "back", "detail", "figure")]
    assert [view.status_code for view in views] == [200] * 4
    assert len({view.content for view in views}) == (2 if shape in {"scarf", "bag"} else 4)


def test_size_chart_tells_body_and_garment_and_marks_the_chosen_size(world: World, shopper: Client) -> None:
    assert "Size chart" not in page(shopper, PRODUCT)
    SizeChart.objects.create(
        brand=world.brand,
        category=world.product.category,
        body={"measures": ["bust"], "sizes": [["S", "82–86"], ["M", "86–90"]]},
        garment={"measures": ["bust", "length"], "sizes": [["S", 98, 66], ["M", 102, 67.5], ["L", 106, 69]]},
    )
    forget()
    text = page(shopper, f"{PRODUCT}?size=M")
    assert '<tr class="is-chosen"><th scope="row">M</th><td>102</td><td>67.5</td></tr>' in text
    assert text.count('<tr class="is-chosen">') == 2
    assert re.findall('<th scope="row">(.*?)</th>', text) == ["S", "M", "S", "M", "L"]
    assert text.count("Around the fullest part of the chest") == 1


def test_fabric_craft_and_care_are_told(world: World, shopper: Client) -> None:
    Product.objects.filter(pk=world.product.pk).update(
        fabric_en="100% silk", craft_en="French seams", care_en="By hand", care_symbols=["wash_hand", "iron_low"]
    )
    text = page(shopper, PRODUCT)
    for words in ("100% silk", "French seams", "By hand", "Wash by hand", "Iron on low, up to 110 °C"):
        assert words in text
    assert text.count('class="care-symbol"') == 2


# Prices


def test_price_shows_what_is_struck_through_and_what_members_pay(world: World, shopper: Client) -> None:
    Price.objects.filter(variant=world.variants["M"]).update(member_fen=45900)
    text = page(shopper, f"{PRODUCT}?size=M")
    price = text[text.index('id="product-price"') : text.index("Colour")]
    assert re.findall(r"¥[\d.]+", price) == ["¥499.00", "¥599.00", "¥459.00"]
    assert "/sign-in/?next=/products/one/SHIRT/%3Fcolor%3Dffffff%26size%3DM" in price
    assert "Members" not in page(shopper, f"{PRODUCT}?size=S")


def test_price_at_the_tag_strikes_nothing_through(world: World, shopper: Client) -> None:
    Price.objects.update(tag_fen=49900, member_fen=None)
    assert "<s>" not in page(shopper, f"{PRODUCT}?size=M")
    assert "<s>" in page(shopper, f"{PRODUCT}?size=L")


# Sizes, stores and the promise


def test_size_in_the_address_is_chosen_and_its_stores_are_listed(world: World, shopper: Client) -> None:
    remember_place(shopper)
    large = page(shopper, f"{PRODUCT}?size=L")
    assert 'value="SHIRT-L" checked' in large
    assert [name in near(large) for name in (">Store A<", ">Store B<", ">Store C<")] == [False, True, True]
    assert 'href="/stores/one/B/"' in near(large)
    small = page(shopper, f"{PRODUCT}?size=S")
    assert 'value="SHIRT-S" checked' in small
    assert ">Store A<" in near(small)
    assert 'value="SHIRT-S" checked' in page(shopper, f"{PRODUCT}?size=XXS")


def test_size_that_is_sold_out_can_be_looked_at(world: World, shopper: Client) -> None:
    remember_place(shopper)
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    text = page(shopper, f"{PRODUCT}?size=L")
    assert "No store has this size at the moment." in near(text)
    assert 'value="SHIRT-L" disabled' in text
    assert 'value="SHIRT-L" checked' not in text


def test_promise_names_store_distance_time_and_fee(
    world: World, shopper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.views.product.clock.now", lambda: NOON)
    remember_place(shopper)
    shown = near(page(shopper, f"{PRODUCT}?size=L"))
    assert "About 2 h" in shown
    assert re.search(r"from Store B, \d\.\d km<", shown)
    assert "Free delivery" in shown
    Brand.objects.update(free_delivery_from_fen=50000)
    forget()
    assert "Delivery ¥12.00, free from ¥500.00" in near(page(shopper, f"{PRODUCT}?size=L"))
    Brand.objects.update(promise_reach_metres=100)
    forget()
    shown = near(page(shopper, f"{PRODUCT}?size=L"))
    assert "By express, about March 17" in shown
    assert "No courier rides that far: it is sent by express." in shown
    assert "Delivery ¥15.00, free from ¥500.00" in shown
    Brand.objects.update(sends_express=False)
    forget()
    shown = near(page(shopper, f"{PRODUCT}?size=L"))
    assert "about" not in shown.lower()
    assert "No store near you sends this size by courier" in shown


# What else can be done


def test_page_leads_to_wish_list_try_on_notices_and_reviews(world: World, shopper: Client) -> None:
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    text = page(shopper, f"{PRODUCT}?size=M")
    wish = text[text.index('action="/me/wishes/add/"') :]
    assert re.findall(r'name="(brand|code|sku)" value="(.*?)"', wish[: wish.index("</form>")]) == [
        ("brand", "one"),
        ("code", "SHIRT"),
        ("sku", "SHIRT-M"),
    ]
    assert 'href="/try-on/?brand=one&amp;sku=SHIRT-M"' in text
    assert re.findall(r'href="/arrival/(.*?)"', text) == ["?brand=one&amp;sku=SHIRT-L"]
    assert text.count('"/products/one/SHIRT/reviews/"') == 2
    assert "/try-on/" not in page(shopper, f"{PRODUCT}?size=L")
    assert shopper.get("/try-on/?brand=one&sku=SHIRT-M").status_code == 200
    assert shopper.get("/arrival/?brand=one&sku=SHIRT-L").status_code == 200


# Outfits


def test_outfit_shows_cards_of_the_collection(world: World, shopper: Client) -> None:
    assert "Wear it with" not in page(shopper, PRODUCT)
    collection = CollectionFactory.create(brand=world.brand)
    make_products(world, 2)
    jeans = Product.objects.exclude(pk=world.product.pk).filter(brand=world.brand).order_by("pk").first()
    assert jeans is not None
    jeans.category = CategoryFactory.create(parent=CategoryFactory.create(code="bottoms"))
    world.product.category.parent = CategoryFactory.create(code="tops")
    for row in (jeans, world.product):
        row.collection = collection
        row.save()
        row.category.save()
    forget()
    text = page(shopper, PRODUCT)
    outfit = text[text.index("Wear it with") :]
    assert re.findall(r'class="product-card" href="(.*?)"', outfit) == [f"/products/one/{jeans.code}/"]


@pytest.mark.parametrize("number", [3, 300])
def test_product_takes_as_many_statements_in_a_large_collection(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    collection = CollectionFactory.create(brand=world.brand)
    bottoms = CategoryFactory.create(parent=CategoryFactory.create(code="bottoms"))
    Product.objects.filter(pk=world.product.pk).update(collection=collection)
    world.product.category.parent = CategoryFactory.create(code="tops")
    world.product.category.save()
    ProductFactory.create_batch(number - 1, brand=world.brand, collection=collection, category=bottoms)
    make_products(world, 1)
    Product.objects.filter(brand=world.brand, category=world.product.category).exclude(pk=world.product.pk).update(
        collection=collection, category=bottoms, launched_on="2026-03-01"
    )
    page(shopper, PRODUCT)  # a connection prepares its statements once
    remember_place(shopper)
    page(shopper, "/place/")  # the district is read once a process
    forget()
    with django_assert_num_queries(8):
        assert "Wear it with" in page(shopper, PRODUCT)
    with django_assert_num_queries(1):
        page(shopper, PRODUCT)


# Codes on labels


def test_scan_opens_the_product_with_color_and_size_chosen(world: World, shopper: Client) -> None:
    Variant.objects.filter(pk=world.variants["M"].pk).update(barcode="6901234567892")
    for code in ("SHIRT-M", "6901234567892"):
        answer = shopper.get(f"/scan/one/{code}/")
        assert (answer.status_code, answer["Location"]) == (302, f"{PRODUCT}?color=ffffff&size=M")
    assert 'value="SHIRT-M" checked' in page(shopper, answer["Location"])


@pytest.mark.parametrize("address", ["/scan/one/NOTHING/", "/scan/nobody/SHIRT-M/", "/scan/one/%00/", "/scan/one/a/b/"])
def test_scan_of_an_unknown_code_says_so_kindly(world: World, shopper: Client, address: str) -> None:
    answer = shopper.get(address)
    assert answer.status_code == 404
    assert "We do not know this code" in answer.content.decode()


def test_scan_code_is_drawn_for_what_is_on_sale(world: World, shopper: Client) -> None:
    assert 'src="/scan/one/SHIRT-S/code.svg"' in page(shopper, PRODUCT)
    answer = shopper.get("/scan/one/SHIRT-S/code.svg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert shopper.get("/scan/one/NOTHING/code.svg").status_code == 404


# What others read of the page


def test_page_tells_search_engines_what_it_is(world: World, shopper: Client) -> None:
    Product.objects.filter(pk=world.product.pk).update(name_en="Silk </script><b>shirt", description_en="Soft & light.")
    text = page(shopper, f"{PRODUCT}?size=M")
    assert '<link rel="canonical" href="http://127.0.0.1:8000/products/one/SHIRT/">' in text
    assert '<meta name="description" content="Soft &amp; light.">' in text
    data = text.split('<script type="application/ld+json">', 1)[1].split("</script>", 1)[0]
    assert "<" not in data
    facts = json.loads(data)
    assert (facts["name"], facts["brand"]["name"]) == ("Silk </script><b>shirt", "One")
    assert facts["offers"] == {
        "@type": "AggregateOffer",
        "priceCurrency": "CNY",
        "lowPrice": "399.00",
        "highPrice": "499.00",
        "offerCount": 3,
        "availability": "https://schema.org/InStock",
    }


def test_page_in_another_color_keeps_the_canonical_address(world: World, shopper: Client) -> None:
    VariantFactory.create(product=world.product, sku="SHIRT-XL", size="XL", color_hex="#000000", position=9)
    text = page(shopper, f"{PRODUCT}?color=000000")
    assert '<link rel="canonical" href="http://127.0.0.1:8000/products/one/SHIRT/">' in text
    assert '"availability": "https://schema.org/OutOfStock"' in text


def test_sitemap_lists_products_and_stores_that_are_open_to_shoppers(
    world: World, shopper: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Product.objects.filter(pk=world.other_variant.product_id).update(is_active=False)
    Store.objects.filter(pk=world.stores["C"].pk).update(kind="warehouse")
    with django_assert_num_queries(2):
        answer = shopper.get("/sitemap.xml")
    assert answer["Content-Type"] == "application/xml"
    assert re.findall("<loc>http://127.0.0.1:8000(.*?)</loc>", answer.content.decode()) == [
        *("/", "/products/", "/stores/", PRODUCT, "/stores/one/A/", "/stores/one/B/", "/stores/two/A/"),
    ]


def test_robots_are_told_what_is_private_and_where_the_sitemap_is(shopper: Client) -> None:
    text = page(shopper, "/robots.txt")
    assert "Disallow: /me/" in text
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in text
