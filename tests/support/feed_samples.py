"""Rows of the formats that shops export, in the form in which the readers of files give them."""

from typing import Any

from tests.support.feed_rows import table

Rows = list[dict[str, Any]]


def google() -> Rows:
    """Google Merchant's tab-separated text: two shirts of one group, not adjacent, and a mug."""
    names = [
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "additional_image_link",
        "availability",
        "price",
        "sale_price",
        "brand",
        "gtin",
        "mpn",
        "google_product_category",
        "product_type",
        "item_group_id",
        "color",
        "size",
        "gender",
        "age_group",
        "material",
        "condition",
        "product_detail",
        "identifier_exists",
        "shipping",
        "custom_label_0",
    ]
    shirt = {
        "title": "Organic Cotton T-Shirt", "description": "A soft shirt &amp; more.", "link": "https://shop.example/p/ts",
        "image_link": "https://cdn.example/ts.jpg",
        "additional_image_link": "https://cdn.example/ts-2.jpg,https://cdn.example/ts-3.jpg", "brand": "Greenwear",
        "google_product_category": "Apparel & Accessories > Clothing > Shirts & Tops",
        "product_type": "Home > Men > T-Shirts", "item_group_id": "TS", "gender": "male", "age_group": "adult",
        "material": "Cotton", "condition": "new", "product_detail": "General:Fabric:Cotton,General:Fit:Regular",
        "shipping": "US::Standard:5.00 USD", "custom_label_0": "summer",
    }  # fmt: skip
    rows: Rows = [
        shirt | {"id": "TS-R-S", "color": "Red", "size": "S", "price": "19.99 USD", "availability": "in_stock",
                 "gtin": "3234567890126"},
        {"id": "MUG", "title": "Enamel Mug", "description": "Holds 0.3 l.", "link": "https://shop.example/p/mug",
         "image_link": "https://cdn.example/mug.jpg", "availability": "out_of_stock", "price": "1,299.00 USD",
         "brand": "Campfire", "gtin": "3234567890133", "google_product_category": "212", "product_type": "Home > Mugs",
         "condition": "new", "color": "Blue"},
        shirt | {"id": "TS-B-S", "color": "Blue", "size": "S", "price": "21.99 USD", "sale_price": "15.99 USD",
                 "availability": "in_stock", "gtin": "3234567890140"},
        shirt | {"id": "TS-B-M", "color": "Blue", "size": "M", "price": "21.99 USD", "availability": "out_of_stock",
                 "gtin": "3234567890157"},
    ]  # fmt: skip
    assert all(name in names for row in rows for name in row)
    return [{name: row[name] for name in names if name in row} for row in rows]


def google_xml() -> Rows:
    """The same from Google's RSS: names with the prefix ``g:``."""
    own = ("title", "link", "description")
    return [{name if name in own else f"g:{name}": value for name, value in row.items()} for row in google()]


SHOPIFY = [
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Option1 Name",
    "Option1 Value",
    "Option1 Linked To",
    "Option2 Name",
    "Option2 Value",
    "Option2 Linked To",
    "Option3 Name",
    "Option3 Value",
    "Option3 Linked To",
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Fulfillment Service",
    "Variant Price",
    "Variant Compare At Price",
    "Variant Requires Shipping",
    "Variant Taxable",
    "Unit Price Total Measure",
    "Unit Price Total Measure Unit",
    "Unit Price Base Measure",
    "Unit Price Base Measure Unit",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Google Shopping / Google Product Category",
    "Google Shopping / Gender",
    "Google Shopping / Age Group",
    "Google Shopping / MPN",
    "Google Shopping / Condition",
    "Google Shopping / Custom Product",
    "Google Shopping / Custom Label 0",
    "Google Shopping / Custom Label 1",
    "Google Shopping / Custom Label 2",
    "Google Shopping / Custom Label 3",
    "Google Shopping / Custom Label 4",
    "Color (product.metafields.shopify.color-pattern)",
    "Fabric (product.metafields.shopify.fabric)",
    "Product rating count (product.metafields.reviews.rating_count)",
    "Complementary products (product.metafields.shopify--discovery--product_recommendation.complementary_products)",
    "Variant Image",
    "Variant Weight Unit",
    "Variant Tax Code",
    "Cost per item",
    "Included / United States",
    "Price / United States",
    "Compare At Price / United States",
    "Status",
]


def shopify() -> Rows:
    """Shopify's products_export.csv: a shirt in three variants and a picture more, a product without options."""
    variant = {
        "Variant Grams": "200", "Variant Inventory Tracker": "shopify", "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual", "Variant Requires Shipping": "true", "Variant Taxable": "true",
        "Variant Weight Unit": "g", "Cost per item": "7.50",
    }  # fmt: skip
    rows: Rows = [
        variant | {
            "Handle": "classic-tee", "Title": "Classic Tee",
            "Body (HTML)": "<p>Our <b>classic</b> tee.</p><ul><li>100% cotton</li><li>Pre-shrunk</li></ul>",
            "Vendor": "Acme", "Product Category": "Apparel & Accessories > Clothing > Clothing Tops > T-Shirts",
            "Type": "Shirts", "Tags": "summer, cotton", "Published": "true", "Option1 Name": "Color",
            "Option1 Value": "Black", "Option2 Name": "Size", "Option2 Value": "S", "Variant SKU": "CT-BK-S",
            "Variant Inventory Qty": "10", "Variant Price": "19.00", "Variant Compare At Price": "25.00",
            "Variant Barcode": "'1234567890128", "Image Src": "https://cdn.shopify.com/s/files/1/tee-black.jpg?v=1",
            "Image Position": "1", "Image Alt Text": "Black tee", "Gift Card": "false", "SEO Title": "Classic Tee",
            "SEO Description": "Buy it.", "Google Shopping / Gender": "unisex", "Google Shopping / Condition": "new",
            "Color (product.metafields.shopify.color-pattern)": "black; white",
            "Variant Image": "https://cdn.shopify.com/s/files/1/tee-black.jpg?v=1", "Included / United States": "true",
            "Price / United States": "20.00", "Status": "active",
        },
        variant | {
            "Handle": "classic-tee", "Option1 Value": "Black", "Option2 Value": "M/L", "Variant SKU": "CT-BK-M",
            "Variant Inventory Qty": "0", "Variant Price": "19.00",
            "Image Src": "https://cdn.shopify.com/s/files/1/tee-white.jpg?v=1", "Image Position": "2",
        },
        variant | {
            "Handle": "classic-tee", "Option1 Value": "White [new]", "Option2 Value": "S", "Variant SKU": "CT-WH-S",
            "Variant Inventory Qty": "-3", "Variant Price": "21.50",
        },
        {"Handle": "classic-tee", "Image Src": "https://cdn.shopify.com/s/files/1/tee-back.jpg?v=1",
         "Image Position": "3"},
        variant | {
            "Handle": "gift-box", "Title": "Gift Box", "Vendor": "Acme", "Published": "true", "Option1 Name": "Title",
            "Option1 Value": "Default Title", "Variant Inventory Qty": "7", "Variant Price": "0.00", "Status": "active",
        },
    ]  # fmt: skip
    return [{name: row[name] for name in SHOPIFY if name in row} for row in rows]


def shopify_new() -> Rows:
    """Shopify's export of today, in its English names."""
    return table(
        "Title\tURL handle\tDescription\tVendor\tProduct category\tType\tTags\tPublished on online store\tStatus\tSKU\t"
        "Barcode\tOption1 name\tOption1 value\tOption1 Linked To\tOption2 name\tOption2 value\tPrice\t"
        "Compare-at price\tCost per item\tCharge tax\tTax code\tInventory tracker\tInventory quantity\t"
        "Continue selling when out of stock\tWeight value (grams)\tWeight unit for display\tRequires shipping\t"
        "Fulfillment service\tProduct image URL\tImage position\tImage alt text\tVariant image URL\tGift card\t"
        "SEO title\tSEO description\tGoogle Shopping / Gender\n"
        "Wool Socks\twool-socks\t<p>Warm.</p>\tNordic\tApparel & Accessories > Clothing > Socks\tSocks\twool\tTRUE\t"
        "Active\tWS-1\t\tSize\tSmall\t\t\t\t9.95\t12.95\t3\tTRUE\t\tshopify\t4\tDENY\t80\tg\tTRUE\tmanual\t"
        "https://cdn.example/s.png\t1\tSocks\thttps://cdn.example/s.png\tFALSE\t\t\tunisex\n"
        "\twool-socks\t\t\t\t\t\t\t\tWS-2\t\t\tLarge\t\t\t\t10.95\t\t3\tTRUE\t\tshopify\t0\tDENY\t90\tg\tTRUE\tmanual\t"
        "https://cdn.example/l.png\t2\t\thttps://cdn.example/l.png\t\t\t\t\n"
        "Felt Hat\tfelt-hat\tA hat.\tNordic\tApparel & Accessories > Hats\tHats\t\tTRUE\tActive\tFH\t\tTitle\t"
        "Default Title\t\t\t\t45\t\t20\tTRUE\t\tshopify\t1\tDENY\t150\tg\tTRUE\tmanual\thttps://cdn.example/h.png\t1\t\t\t"
        "FALSE\t\t\t"
    )


def shopify_json() -> Rows:
    """Objects of a shop's products.json."""
    return [
        {
            "id": 8106, "title": "Linen Apron", "handle": "linen-apron", "body_html": "<p>For <em>cooks</em></p>",
            "published_at": "2024-01-05T10:00:00-05:00", "created_at": "2024-01-04T10:00:00-05:00",
            "updated_at": "2024-02-05T10:00:00-05:00", "vendor": "Hearth", "product_type": "Aprons",
            "tags": ["kitchen", "linen"],
            "variants": [
                {"id": 1, "title": "Grey / One Size", "option1": "Grey", "option2": "One Size", "option3": None,
                 "sku": "AP-G", "requires_shipping": True, "taxable": True, "featured_image": None, "available": True,
                 "price": "39.00", "grams": 300, "compare_at_price": None, "position": 1, "product_id": 8106},
                {"id": 2, "title": "Blue / One Size", "option1": "Blue", "option2": "One Size", "option3": None,
                 "sku": "AP-B", "featured_image": {"id": 7, "src": "https://cdn.example/blue.jpg"}, "available": False,
                 "price": "42.00", "compare_at_price": "45.00", "position": 2, "product_id": 8106},
            ],
            "images": [{"id": 6, "position": 1, "src": "https://cdn.example/a.jpg", "width": 100, "height": 90},
                       {"id": 7, "position": 2, "src": "https://cdn.example/blue.jpg"}],
            "options": [{"name": "Color", "position": 1, "values": ["Grey", "Blue"]},
                        {"name": "Size", "position": 2, "values": ["One Size"]}],
        },
        {
            "id": 8107, "title": "Oven Mitt", "handle": "oven-mitt", "body_html": "", "vendor": "Hearth",
            "product_type": "", "tags": [],
            "variants": [{"id": 3, "title": "Default Title", "option1": "Default Title", "option2": None,
                          "option3": None, "sku": "", "available": True, "price": "12.50"}],
            "images": [], "options": [{"name": "Title", "position": 1, "values": ["Default Title"]}],
        },
    ]  # fmt: skip


def openai() -> Rows:
    """OpenAI's product feed as JSON lines."""
    jacket = {
        "title": "Rain Jacket", "description": "Keeps dry.", "brand": "Peak", "seller_name": "Peak Store",
        "seller_url": "https://peak.example", "image_url": "https://cdn.example/j.jpg",
        "additional_image_urls": "https://cdn.example/j2.jpg,https://cdn.example/j3.jpg",
        "product_category": "Apparel > Outerwear > Jackets", "item_group_id": "RJ", "listing_has_variations": True,
        "is_eligible_search": True, "is_eligible_checkout": False, "return_policy": "https://peak.example/returns",
        "target_countries": ["US"], "store_country": "US", "material": "Nylon", "condition": "new",
    }  # fmt: skip
    return [
        jacket | {"item_id": "RJ-1", "url": "https://peak.example/rj?v=1", "price": "79.99 USD",
                  "availability": "in_stock", "variant_dict": {"color": "Black", "size": "M"}, "star_rating": "4.6",
                  "review_count": 25},
        jacket | {"item_id": "RJ-2", "url": "https://peak.example/rj?v=2", "price": "89.99 USD",
                  "availability": "pre_order", "variant_dict": {"color": "Yellow", "size": "M"}},
        {"item_id": "CAP", "title": "Cap", "description": "A cap.", "url": "https://peak.example/cap", "brand": "Peak",
         "seller_name": "Peak Store", "image_url": "https://cdn.example/c.jpg", "price": "15.00 USD",
         "availability": "out_of_stock", "group_id": "C", "listing_has_variations": False, "color": "Red"},
    ]  # fmt: skip


def json_ld() -> Rows:
    """schema.org's Product and ProductGroup, and an object of another type."""
    return [
        {
            "@context": "https://schema.org/", "@type": "Product", "@id": "https://x.example/#anvil",
            "name": "Executive Anvil", "sku": "0446310786", "mpn": "925872",
            "image": ["https://x.example/1.jpg", "https://x.example/2.jpg"], "description": "Sleeker than ACME&#39;s.",
            "brand": {"@type": "Brand", "name": "ACME"}, "category": "Tools > Anvils",
            "aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.4", "reviewCount": "89"},
            "review": {"@type": "Review", "author": {"@type": "Person", "name": "Fred"},
                       "reviewRating": {"@type": "Rating", "ratingValue": 4}},
            "offers": {"@type": "Offer", "url": "https://x.example/anvil", "priceCurrency": "EUR", "price": 119.99,
                       "priceValidUntil": "2029-11-20", "itemCondition": "https://schema.org/UsedCondition",
                       "availability": "https://schema.org/InStock",
                       "seller": {"@type": "Organization", "name": "Objects Ltd"}},
            "additionalProperty": [{"@type": "PropertyValue", "name": "Weight class", "value": "Heavy"},
                                   {"@type": "PropertyValue", "name": "Forged", "value": True}],
        },
        {
            "@context": "https://schema.org/", "@type": "Product", "name": "Tongs", "sku": "T1", "brand": "ACME",
            "image": {"@type": "ImageObject", "url": "https://x.example/t.jpg"},
            "offers": {"@type": "AggregateOffer", "lowPrice": "9.50", "highPrice": "14.00", "priceCurrency": "EUR",
                       "offerCount": 3},
        },
        {
            "@type": ["Product", "https://schema.org/Thing"], "name": "Bellows", "sku": "B1",
            "offers": [{"@type": "Offer", "price": "30.00", "priceCurrency": "EUR"},
                       {"@type": "Offer", "price": "28.00", "priceCurrency": "EUR"}],
        },
        {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "Tools"}]},
        {
            "@context": "https://schema.org/", "@type": "ProductGroup", "name": "Wool Coat", "productGroupID": "44E01",
            "description": "Warm", "brand": {"@type": "Brand", "name": "Good"},
            "variesBy": ["https://schema.org/size", "https://schema.org/color"],
            "hasVariant": [
                {"@type": "Product", "sku": "44E01-M", "name": "Coat small green", "size": "small", "color": "Green",
                 "image": "https://x.example/g.jpg",
                 "offers": {"@type": "Offer", "priceCurrency": "EUR", "price": 39.99,
                            "availability": "https://schema.org/InStock"}},
                {"@type": "Product", "sku": "44E01-L", "name": "Coat large green", "size": "large", "color": "Green",
                 "offers": {"@type": "Offer", "priceCurrency": "EUR", "price": 49.99,
                            "availability": "https://schema.org/BackOrder"}},
            ],
        },
    ]  # fmt: skip


def json_ld_graph() -> Rows:
    """A page's JSON-LD: the product among other things, in one object."""
    return [{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "X"}, *json_ld()[:3]]}]


def algolia() -> Rows:
    """Best Buy's products as Algolia's index had them."""
    return [
        {
            "name": name, "shortDescription": "3-Year Warranty", "bestSellingRank": 12, "thumbnailImage": image,
            "salePrice": price, "manufacturer": "Canon", "url": "http://bestbuy.example/p", "type": "HardGood",
            "image": image, "customerReviewCount": 30, "shipping": "Free shipping", "salePrice_range": "1 - 50",
            "objectID": number, "categories": ["Cameras", "Digital Cameras"],
            "hierarchicalCategories": {"lvl0": "Cameras", "lvl1": "Cameras > Digital Cameras"},
        }
        for number, name, price, image in (
            ("1696302", "PowerShot A", 39.99, "http://img.example/1.gif"),
            ("1696303", "PowerShot B", 139, "http://img.example/2.gif"),
        )
    ]  # fmt: skip


def woocommerce() -> Rows:
    """WooCommerce's export of products: a variable one with two variations, a simple one."""
    return [
        {"ID": "44", "Type": "variable", "SKU": "woo-vneck", "Name": "V-Neck T-Shirt", "Published": "1",
         "Is featured?": "1", "Visibility in catalog": "visible", "Short description": "A variable product.",
         "Description": "<p>Long text of a shirt.</p>", "Tax status": "taxable", "In stock?": "1", "Stock": "12",
         "Backorders allowed?": "0", "Sold individually?": "0", "Weight (kg)": "0.5", "Allow customer reviews?": "1",
         "Categories": "Clothing, Clothing > T-shirts", "Tags": "soft",
         "Images": "https://woo.example/a.jpg, https://woo.example/b.jpg", "Position": "0",
         "Attribute 1 name": "Color", "Attribute 1 value(s)": "Blue, Green", "Attribute 1 visible": "1",
         "Attribute 1 global": "1", "Attribute 2 name": "Size", "Attribute 2 value(s)": "Large, Small",
         "Attribute 2 visible": "1", "Attribute 2 global": "1", "Meta: _wpcom_is_markdown": "1"},
        {"ID": "60", "Type": "simple", "SKU": "woo-belt", "Name": "Belt", "Published": "1", "Is featured?": "0",
         "Visibility in catalog": "visible", "Description": "A belt.", "In stock?": "0", "Sale price": "55",
         "Regular price": "65", "Categories": "Clothing > Accessories", "Images": "https://woo.example/belt.jpg",
         "Position": "0"},
        {"ID": "76", "Type": "variation", "SKU": "woo-vneck-blue", "Name": "V-Neck T-Shirt - Blue, Large",
         "Published": "1", "In stock?": "1", "Regular price": "20", "Images": "https://woo.example/blue.jpg",
         "Parent": "woo-vneck", "Position": "1", "Attribute 1 name": "Color", "Attribute 1 value(s)": "Blue",
         "Attribute 2 name": "Size", "Attribute 2 value(s)": "Large"},
        {"ID": "77", "Type": "variation", "SKU": "woo-vneck-green", "Name": "V-Neck T-Shirt - Green, Small",
         "Published": "1", "In stock?": "1", "Regular price": "18.50", "Images": "https://woo.example/green.jpg",
         "Parent": "woo-vneck", "Position": "2", "Attribute 1 name": "Color", "Attribute 1 value(s)": "Green",
         "Attribute 2 name": "Size", "Attribute 2 value(s)": "Small"},
    ]  # fmt: skip


def wands() -> Rows:
    """Wayfair's WANDS: no price, features in one text, a path by slashes."""
    return table(
        "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\tproduct_features\t"
        "rating_count\taverage_rating\treview_count\n"
        "0\tsolid wood platform bed\tBeds\tFurniture / Bedroom Furniture / Beds & Headboards / Beds\tgood , sleep\t"
        "overallwidth-sidetoside:64.7|dsprimaryproductstyle : modern & contemporary|material : solid wood|"
        "material : metal|assemblyrequired : yes\t15.0\t4.5\t15.0\n"
        "1\tall-clad 7 qt . slow cooker\tSlow Cookers\tKitchen & Tabletop / Small Kitchen Appliances / Slow Cookers\t"
        "create delicious meals\tcapacityquarts:7|producttype : slow cooker|programmable : yes|color : silver\t100.0\t"
        "2.0\t98.0\n"
        "2\tplain shelf\t\t\t\t\t\t\t"
    )


def flipkart() -> Rows:
    """Flipkart's sample on Kaggle: rupees, JSON and Ruby inside of texts."""
    return [
        {
            "uniq_id": "c2d766ca982eca8304150849735ffef9", "crawl_timestamp": "2016-03-25 22:59:23 +0000",
            "product_url": "http://www.flipkart.com/alisha/p/itmeh2ffvzetthbb?pid=SRTEH2FF9KEDEFGF",
            "product_name": "Alisha Solid Women's Cycling Shorts",
            "product_category_tree": '["Clothing >> Women\'s Clothing >> Lingerie >> Shorts"]',
            "pid": "SRTEH2FF9KEDEFGF",
            "retail_price": "999", "discounted_price": "379", "is_FK_Advantage_product": "FALSE",
            "image": '["http://img5a.flixcart.com/a.jpeg", "http://img5a.flixcart.com/b.jpeg"]',
            "description": "Key Features of Alisha Solid Women's Cycling Shorts",
            "product_rating": "No rating available", "overall_rating": "No rating available", "brand": "Alisha",
            "product_specifications": '{"product_specification"=>[{"key"=>"Number of Contents in Sales Package", '
            '"value"=>"Pack of 3"}, {"key"=>"Fabric", "value"=>"Cotton Lycra"}, {"value"=>"no key"}]}',
        },
        {
            "uniq_id": "7f7036a6d550aaa89d34c77bd39a5e48", "product_url": "http://www.flipkart.com/fabhome/p/x",
            "product_name": "FabHomeDecor Fabric Double Sofa Bed", "pid": "SBEEH3QGU7MFYJFY", "retail_price": "32157",
            "product_category_tree": '["Furniture >> Living Room Furniture >> Sofa Beds"]', "discounted_price": "22646",
            "image": '["http://img6a.flixcart.com/c.jpeg"]', "is_FK_Advantage_product": "FALSE",
            "description": "A sofa.",
            "product_rating": "4.2", "overall_rating": "4.2", "brand": "FabHomeDecor",
            "product_specifications": '{"product_specification"=>nil}',
        },
    ]  # fmt: skip


def amazon() -> Rows:
    """Amazon's products as the dumps of reviews carry them (2023)."""
    return [
        {
            "main_category": "All Beauty", "title": "Howard LC0008 Leather Conditioner", "average_rating": 4.8,
            "rating_number": 10, "features": ["Protects and restores", "Beeswax & aloe"],
            "description": ["First paragraph.", "Second paragraph."], "price": 14.98,
            "images": [{"thumb": "https://m.example/t.jpg", "large": "https://m.example/l.jpg", "variant": "MAIN",
                        "hi_res": "https://m.example/h.jpg"},
                       {"thumb": "https://m.example/t2.jpg", "large": "https://m.example/l2.jpg", "variant": "PT01",
                        "hi_res": None}],
            "videos": [], "store": "Howard Products", "categories": ["Beauty & Personal Care", "Skin Care"],
            "details": {"Package Dimensions": "7.1 x 5.5 inches", "Material": "Beeswax", "UPC": "617390882781"},
            "parent_asin": "B01CUPMQZE", "asin": "B01CUPMQZE", "bought_together": None,
        },
        {
            "main_category": "All Beauty", "title": "Yes to Tomatoes", "average_rating": 4.5, "rating_number": 3,
            "features": [], "description": [], "price": None, "images": [], "videos": [], "store": "Yes To",
            "categories": [], "details": {"Item Form": "Powder"}, "parent_asin": "B076WQZGPM", "asin": "B076WQZGPM",
            "bought_together": None,
        },
    ]  # fmt: skip
