use larder_repository::*; use larder_repository_sqlite::*; use larder_domain::*; use std::time::Instant;
#[tokio::main] async fn main(){ let db=SqliteDatabase::open(SqliteOptions::new("/tmp/perf-larder.db")).unwrap(); db.migrate().await.unwrap(); let p=SqliteProducts::new(&db);
 let t=Instant::now(); if p.count().await.unwrap()==0 { let mut it=larder_demo_data::products(1_000_000); loop { let c:Vec<_>=it.by_ref().take(10_000).collect(); if c.is_empty(){break} p.import(&c).await.unwrap(); } println!("import {:?}",t.elapsed()); }
 let t=Instant::now(); println!("{:?} {:?}",p.stats(Freshness::Latest).await.unwrap().value,t.elapsed());
 for cat in [None,Some("tea"),Some("food")] { for feat in [None,Some(true),Some(false)] { for n in [1,5_000] { for vis in [Visibility::All,Visibility::Published]{ let q=|parts|ProductQuery{filter:ProductFilter{category:cat.map(|c|Category::new(c).unwrap()),featured:feat,visibility:vis},page:PageRequest::new(n,20).unwrap(),parts}; 
 let t=Instant::now(); let i=p.find(&q(PageParts::Ids),Freshness::Latest).await.unwrap().value.ids.len(); let a=t.elapsed(); let t=Instant::now(); let tot=p.find(&q(PageParts::Total),Freshness::Latest).await.unwrap().value.total; println!("{cat:?} {feat:?} {vis:?} page {n}: {i} {a:?} total {tot:?} {:?}",t.elapsed()); }}}}
 let t=Instant::now(); for k in 1..=10_000i64 { p.get(ProductId::new(k*97).unwrap(),Freshness::Latest).await.unwrap(); } println!("get {:?}",t.elapsed()/10_000);
 let ids:Vec<_>=(1..=1000).map(|k|ProductId::new(k*900).unwrap()).collect(); let t=Instant::now(); for _ in 0..20 {p.get_many(&ids,Freshness::Latest).await.unwrap();} println!("get_many 1000 {:?}",t.elapsed()/20);
 let t=Instant::now(); for k in 1..=1000i64 { p.adjust(ProductId::new(k*97).unwrap(),&Adjustment{stock:1,sales:0,reason:"x".into()}).await.unwrap(); } println!("adjust {:?}",t.elapsed()/1000);
}
